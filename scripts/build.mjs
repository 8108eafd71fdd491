import {
  cliFile,
  fingerprintInputs,
  forgetBuild,
  recordBuild,
  serverFile,
} from "./build-stamp.mjs";
import { bundle } from "./bundle.mjs";
import { endWithNpm, runNode, tools } from "./run.mjs";
import { generateClients } from "./setup.mjs";

process.chdir(`${import.meta.dirname}/..`);
endWithNpm();

// Taken before, so that a file changed meanwhile leaves a build that counts as stale.
const fingerprint = fingerprintInputs();
forgetBuild();
if (!(await generateClients())) process.exit(1);

const env = {
  NODE_ENV: "production",
  NEXT_TELEMETRY_DISABLED: "1",
  // Next names actions by this, so that two builds name the same ones alike. It encrypts nothing: whoever serves takes a key
  // that comes from AUTH_SECRET (lib/web/startup.ts), which no build should hold.
  NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: Buffer.from("latchkey names of server actions").toString(
    "base64",
  ),
};
const [exitCode, ...areBundled] = await Promise.all([
  runNode(tools.next, ["build"], { env }),
  bundle("server.ts", serverFile),
  bundle("cli/latchkey.ts", cliFile),
]);
if (exitCode !== 0 || areBundled.includes(false)) process.exit(1);

recordBuild(fingerprint);
