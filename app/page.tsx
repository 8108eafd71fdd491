import { SignedInHome } from "@/components/signed-in-home";
import { SignedOutHome } from "@/components/signed-out-home";
import { currentUser } from "@/lib/latchkey";
import { site } from "@/lib/web/site";

export default async function HomePage() {
  const user = await currentUser();
  return user ? <SignedInHome name={user.displayName} /> : <SignedOutHome siteName={site().name} />;
}
