import { z } from "zod";
import { approveByNumber } from "@/lib/domain/sign-in-proof";
import { wantsJson } from "@/lib/web/accept";
import { answerWithJson, seeOther } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { onward } from "@/lib/web/operation";
import { answerProofProblem, recordFailure } from "@/lib/web/sign-in";

const fields = z.object({ token: z.string().catch(""), number: z.string().catch("") });
const answer = z.object({ status: z.literal("approved") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "approveWithNumber",
    summary:
      "The number of the first screen, typed where the link was opened: lets the first browser in, and not this one",
    input: fields,
    answers: {
      200: { description: "The first browser goes on by itself.", body: answer },
      ...onward,
    },
    problems: [422, 429],
  },
  POST: async (request) => {
    const { token, number } = fields.parse(await readInput(request));
    const outcome = await approveByNumber(token, number);
    const formPath = `/confirm?${new URLSearchParams({ token })}`;
    if ("problem" in outcome) {
      await recordFailure("number", outcome, request.headers);
      return await answerProofProblem(request, outcome, formPath);
    }
    return wantsJson(request.headers)
      ? answerWithJson({ status: "approved" })
      : seeOther(`${formPath}&approved`);
  },
});
