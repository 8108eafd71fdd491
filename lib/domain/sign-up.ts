import { environment } from "@/lib/platform/environment";

/** Whether an address without an account may make one (`SIGN_UP`). @param email in its canonical form */
export function maySignUp(email: string): boolean {
  const { signUp } = environment();
  if (signUp === "open") return true;
  return signUp !== "invited" && signUp.includes(email.slice(email.lastIndexOf("@") + 1));
}
