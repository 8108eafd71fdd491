import { getRequestConfig } from "next-intl/server";
import messages from "@/messages/en.json";

/** The language of a request, and its texts. */
export default getRequestConfig(async () => ({ locale: "en", messages, timeZone: "UTC" }));
