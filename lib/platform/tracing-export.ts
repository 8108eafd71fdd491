import { type Attributes, type Span, SpanKind, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type ReadableSpan,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { version } from "@/package.json";
import { log } from "./log";
import { requestContext } from "./request-context";

/**
 * Has Next's spans, and those of `startSpan`, sent out from now on, by OTLP over HTTP. Where to, with which headers, and how many of
 * them, is said by OpenTelemetry's own variables.
 */
export function sendTraces(): {
  startSpan: (name: string) => Span | undefined;
  stop: () => Promise<void>;
} {
  const named = resourceFromAttributes({ "service.name": "latchkey", "service.version": version });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(named)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [noteTrace, dropQueries, new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  const tracer = provider.getTracer("latchkey");
  return {
    // What belongs to no request, such as looking for mails each second, is no trace of its own.
    startSpan: (name) => trace.getActiveSpan() && tracer.startSpan(name, { kind: SpanKind.CLIENT }),
    stop: () =>
      provider
        .shutdown()
        .catch((error) => log().warn({ err: error }, "the last traces could not be sent")),
  };
}

const idle = { forceFlush: async () => {}, shutdown: async () => {}, onEnd: () => {} };

/** So that the lines of the log can be found from the trace. */
const noteTrace: SpanProcessor = {
  ...idle,
  onStart: (span) => {
    const context = requestContext();
    if (context) context.traceId ??= span.spanContext().traceId;
  },
};

/** Next names whole addresses, and the queries of ours hold secrets and addresses of people: `?token=…`, `?email=…`. */
const dropQueries: SpanProcessor = {
  ...idle,
  onStart: () => {},
  onEnding: (span) => {
    span.updateName(withoutQuery(span.name));
    span.setAttributes(attributesWithoutQueries(span.attributes));
    for (const event of (span as unknown as ReadableSpan).events)
      event.attributes = attributesWithoutQueries(event.attributes ?? {});
  },
};

function attributesWithoutQueries(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === "string" ? withoutQuery(value) : value,
    ]),
  );
}

function withoutQuery(text: string): string {
  return text.replace(/\?[^\s"'<>]*/g, "");
}
