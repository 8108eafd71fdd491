import { Home } from "../markup";

// As a page that greets by name has to be.
export const dynamic = "force-dynamic";

export default function HomePage() {
  return <Home />;
}
