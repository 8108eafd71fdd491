import { redirect } from "next/navigation";
import { Private } from "../../markup";
import { currentUser } from "../../session";

export const dynamic = "force-dynamic";
export const metadata = { title: "Your private page" };

export default async function PrivatePage() {
  const user = await currentUser();
  if (!user) redirect("/sign-in?next=/private");
  return <Private email={user.email} />;
}
