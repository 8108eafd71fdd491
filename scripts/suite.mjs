import { endWithNpm, runNode, tools } from "./run.mjs";
import { ensureBuild, ensureClients, ensureEnvironment, ensurePackages, tell } from "./setup.mjs";

// What is not for us is for Playwright: `npm run test:faults -- kill --project sqlite`.
const [config = "", ...args] = process.argv.slice(2);

process.chdir(`${import.meta.dirname}/..`);
endWithNpm();
try {
  await ensurePackages();
  ensureEnvironment();
  await ensureClients();
  await ensureBuild();
  process.exitCode = await runNode(tools.playwright, ["test", "--config", config, ...args]);
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
