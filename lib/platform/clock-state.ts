import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { seconds } from "./duration";

/** Whether this machine keeps its clock with time servers, as systemd knows; null where nobody can be asked. */
export async function isClockSynchronized(): Promise<boolean | null> {
  try {
    const { stdout } = await promisify(execFile)(
      "timedatectl",
      ["show", "--property=NTPSynchronized", "--value"],
      { timeout: seconds(3) },
    );
    return stdout.trim() === "yes";
  } catch {
    return null;
  }
}
