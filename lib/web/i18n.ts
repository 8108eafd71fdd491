import { getRequestConfig } from "next-intl/server";
import messages from "@/messages/en.json";
import { readTimeZone } from "./time-zone";

/** The language of a request, its texts, and the time zone in which times are told. */
export default getRequestConfig(async () => ({
  locale: "en",
  messages,
  timeZone: (await readTimeZone()) ?? "UTC",
}));
