/** How whoever sends a request shows itself: for mails and records. The user agent is whatever it says, and is not trusted. */
export type Client = { userAgent: string; networkAddress: string };
