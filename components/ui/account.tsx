import { Address } from "./address";

/** Whose account it is: read before anything is pressed, so it stands out. */
export function Account({ label, address }: { label: string; address: string }) {
  return (
    <p className="border-brass border-s-4 ps-4">
      <span className="block text-muted text-sm">{label}</span>
      <Address className="font-semibold text-lg">{address}</Address>
    </p>
  );
}
