import { currentUser } from "../../session";

export const dynamic = "force-dynamic";

export async function GET() {
  const user = await currentUser();
  return user
    ? Response.json({ id: user.id, email_address: user.email })
    : Response.json({ title: "Unauthorized", status: 401 }, { status: 401 });
}
