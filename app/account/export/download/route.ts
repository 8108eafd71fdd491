import { exportAccount } from "@/lib/domain/account";
import { recentAct } from "@/lib/web/account-handler";
import { handlers } from "@/lib/web/handler";
import { describeClient } from "@/lib/web/visitor";

/** All that is kept about the person, as one file. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
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
