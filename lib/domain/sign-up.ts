import { environment } from "@/lib/platform/environment";
import { isConfiguredAdmin } from "./scopes";

/** Whether an address without an account may make one (`SIGN_UP`). @param email in its canonical form */
export function maySignUp(email: string): boolean {
  const { signUp } = environment();
  // Else nobody could invite anybody to a new site.
  if (signUp === "open" || isConfiguredAdmin(email)) return true;
  return signUp !== "invited" && signUp.includes(email.slice(email.lastIndexOf("@") + 1));
}
