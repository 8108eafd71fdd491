import { NotFound } from "@/components/not-found";
import RootLayout, { generateMetadata } from "./layout";

export { generateMetadata };

/**
 * For an address of nothing. Apart from the layout, whose own such page every other page would bring along; pages that call
 * `notFound()` have one in their folder.
 */
export default function GlobalNotFound() {
  return (
    <RootLayout>
      <NotFound />
    </RootLayout>
  );
}
