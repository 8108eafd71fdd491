import { z } from "zod";
import { exportAccount } from "@/lib/domain/account";
import { recentAct } from "@/lib/web/account-handler";
import { handlers } from "@/lib/web/handler";
import { describeClient } from "@/lib/web/visitor";

const answer = z.looseObject({
  exported_at: z.iso.datetime(),
  account: z.looseObject({ id: z.string(), email: z.string() }),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "exportAccount",
    summary: "All that is kept about the person, as one file",
    answers: {
      200: {
        description: "A file, described in docs/export.md.",
        body: answer,
        headers: { "Content-Disposition": "Its name." },
      },
    },
  },
  POST: recentAct("/account/export", async (request, signedIn) => {
    const all = await exportAccount(signedIn, describeClient(request.headers));
    const day = new Date().toISOString().slice(0, 10);
    return new Response(`${JSON.stringify(all, null, 2)}\n`, {
      headers: {
        "content-type": "application/json",
        "content-disposition": `attachment; filename="account-${day}.json"`,
        "cache-control": "no-store",
      },
    });
  }),
});
