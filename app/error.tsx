"use client";

import { Fault } from "@/components/fault";

/** A page that broke. The site's own server answers with a plainer page, which needs no script. */
export default function ErrorPage() {
  return <Fault />;
}
