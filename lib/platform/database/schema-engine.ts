import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";

/** Migrations as the engine wants them: read from the disk by the caller. */
export type MigrationList = bindings.MigrationList;

const filters = { externalTables: [], externalEnums: [] };

/**
 * Applies those of `migrations` that the database behind `connection` lacks, keeps Prisma's
 * record of them, and returns their names, oldest first.
 *
 * @throws Error when one fails; the first lines of the message are what the database said.
 */
export async function applyWithEngine(
  adapterFactory: SqlMigrationAwareDriverAdapterFactory,
  connection: SqlDriverAdapter,
  migrations: MigrationList,
): Promise<string[]> {
  return await withEngine(adapterFactory, connection, async (engine) => {
    const applied = await engine.applyMigrations({ migrationsList: migrations, filters });
    return applied.appliedMigrationNames;
  });
}

/**
 * Returns the SQL script that leads from `migrations` to `schema`, the text of a Prisma schema;
 * empty when they agree. Works on scratch databases only.
 */
export async function diffWithEngine(
  adapterFactory: SqlMigrationAwareDriverAdapterFactory,
  migrations: MigrationList,
  schema: string,
): Promise<string> {
  const scratch = await adapterFactory.connectToShadowDb();
  try {
    const difference = await withEngine(adapterFactory, scratch, (engine) =>
      engine.diff({
        from: { tag: "migrations", ...migrations },
        to: { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content: schema }] },
        script: true,
        exitCode: true,
        filters,
      }),
    );
    // Where nothing differs the script is a comment, so that only the exit code tells.
    return difference.exitCode === 0 ? "" : (difference.stdout ?? "");
  } finally {
    await scratch.dispose();
  }
}

async function withEngine<T>(
  adapterFactory: SqlMigrationAwareDriverAdapterFactory,
  connection: SqlDriverAdapter,
  work: (engine: bindings.SchemaEngine) => Promise<T>,
): Promise<T> {
  await loadOnce();
  const adapter = bindMigrationAwareSqlAdapterFactory({
    provider: adapterFactory.provider,
    adapterName: adapterFactory.adapterName,
    connect: async () => connection,
    connectToShadowDb: async () => acceptScripts(await adapterFactory.connectToShadowDb()),
  });
  const engine = await bindings.SchemaEngine.new({ datamodels: undefined }, ignoreLog, adapter);
  try {
    return await work(engine);
  } finally {
    engine.free();
  }
}

let loading: Promise<void> | undefined;

// 5 MB of WebAssembly: only for those who have something to migrate.
function loadOnce() {
  loading ??= load();
  return loading;
}

async function load() {
  // The package's own entry imports the .wasm as a module, which Node cannot do without a flag,
  // and the package does not export the file; but it lies beside its bindings.
  const { resolve } = createRequire(import.meta.url);
  const bindingsFile = resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const bytes = await readFile(bindingsFile.replace(/\.js$/, ".wasm"));
  const { instance } = await WebAssembly.instantiate(bytes, {
    "./schema_engine_bg.js": Object.fromEntries(
      Object.entries<WebAssembly.ImportValue>({ ...bindings }).map(([name, binding]) => [
        name,
        withoutHoldingUp(name, binding),
      ]),
    ),
  });
  bindings.__wbg_set_wasm(instance.exports);
  const { __wbindgen_start: start } = instance.exports;
  if (typeof start === "function") start();
}

// On PostgreSQL the engine gives its lock ten seconds and forgets the timer, for which the process would wait at its end.
function withoutHoldingUp(name: string, binding: WebAssembly.ImportValue): WebAssembly.ImportValue {
  if (!name.startsWith("__wbg_setTimeout_") || typeof binding !== "function") return binding;
  return (...given: unknown[]) => {
    const timer: NodeJS.Timeout = binding(...given);
    return timer.unref();
  };
}

// The engine replays each migration on the shadow database as one statement, and
// better-sqlite3 refuses a statement that is several.
function acceptScripts(shadow: SqlDriverAdapter): SqlDriverAdapter {
  const executeRaw = shadow.executeRaw.bind(shadow);
  shadow.executeRaw = async (query) => {
    if (query.args.length > 0) return await executeRaw(query);
    await shadow.executeScript(query.sql);
    return 0;
  };
  return shadow;
}

// It only reports progress: what goes wrong is thrown.
function ignoreLog() {}
