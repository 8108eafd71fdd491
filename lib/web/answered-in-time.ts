import { seconds } from "@/lib/platform/duration";
import { unavailable } from "./problem";

/**
 * What the database says, unless it keeps whoever asks waiting.
 * @param patience in milliseconds
 * @throws {Problem} 503 when it does; what comes later is of no use to anybody
 */
export async function answeredInTime<Answer>(
  answer: Promise<Answer>,
  patience = seconds(5),
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable()), patience);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
