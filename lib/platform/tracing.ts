import type { Span } from "@opentelemetry/api";
import { environment } from "./environment";
import { processWide } from "./process-wide";
import { atShutdown } from "./shutdown";

type Tracing = { startSpan?: (name: string) => Span | undefined };

const tracing = processWide<Tracing>("tracing", () => ({}));

/** Sends traces to the collector that the environment names. Where it names none, nothing of OpenTelemetry is loaded. */
export async function startTracing(): Promise<void> {
  if (!environment().tracing || tracing.startSpan) return;
  const { sendTraces } = await import("./tracing-export");
  const { startSpan, stop } = sendTraces();
  tracing.startSpan = startSpan;
  atShutdown(stop);
}

/** A part of what is traced now; undefined where nothing is. */
export function startSpan(name: string): Span | undefined {
  return tracing.startSpan?.(name);
}
