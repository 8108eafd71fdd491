import { z } from "zod";
import { algorithm, listPublicKeys } from "@/lib/domain/signing-keys";
import { handlers } from "@/lib/web/handler";

/** How long whoever verifies may keep a copy: less than a new key is published before it signs. */
const maxAgeSeconds = 300;
const keySetType = "application/jwk-set+json";
const keySet = z.object({
  keys: z.array(
    z.looseObject({
      kid: z.string(),
      kty: z.string(),
      alg: z.literal(algorithm),
      use: z.literal("sig"),
    }),
  ),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "listKeys",
    summary: "The public keys that verify access tokens (RFC 7517)",
    answers: { 200: { description: "A key set.", body: keySet, type: keySetType } },
  },
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
          "content-type": keySetType,
          // The first token makes the first key: nobody should remember that there was none.
          "cache-control": keys.length > 0 ? `public, max-age=${maxAgeSeconds}` : "no-store",
          "access-control-allow-origin": "*",
        },
      },
    );
  },
});
