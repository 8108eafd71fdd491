import { algorithm, listPublicKeys } from "@/lib/domain/signing-keys";
import { handlers } from "@/lib/web/handler";

/** How long whoever verifies may keep a copy: less than a new key is published before it signs. */
const maxAgeSeconds = 300;

/** The public keys that verify access tokens (RFC 7517). */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  GET: async () => {
    const keys = (await listPublicKeys()).map(({ kid, jwk }) => ({
      ...jwk,
      kid,
      alg: algorithm,
      use: "sig",
    }));
    return Response.json(
      { keys },
      {
        headers: {
          "content-type": "application/jwk-set+json",
          // The first token makes the first key: nobody should remember that there was none.
          "cache-control": keys.length > 0 ? `public, max-age=${maxAgeSeconds}` : "no-store",
          "access-control-allow-origin": "*",
        },
      },
    );
  },
});
