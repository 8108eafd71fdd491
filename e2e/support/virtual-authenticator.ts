import type { CDPSession, Page } from "@playwright/test";

/** A device with passkeys, which the browser takes for its own. */
export interface VirtualAuthenticator {
  /** Whether the person puts a finger on it at once when asked. */
  setPresent(isPresent: boolean): Promise<void>;
  countPasskeys(): Promise<number>;
}

/**
 * Gives the browser of a page a device with passkeys. A person who is present also answers what
 * the sign-in page offers by itself: be absent where an address is to be typed.
 */
export async function addVirtualAuthenticator(
  page: Page,
  { isPresent = true }: { isPresent?: boolean } = {},
): Promise<VirtualAuthenticator> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: isPresent,
    },
  });
  return {
    async setPresent(enabled) {
      await session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
    },
    async countPasskeys() {
      return (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials
        .length;
    },
  };
}
