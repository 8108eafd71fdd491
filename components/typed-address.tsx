import { Field } from "./ui/field";

/** The address of an account, typed as proof that a person means it: machines that press buttons do not know what to type. */
export function TypedAddress({ label, problem }: { label: string; problem: string | undefined }) {
  return (
    <Field
      id="email"
      name="email"
      dir="ltr"
      label={label}
      error={problem}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      required
    />
  );
}
