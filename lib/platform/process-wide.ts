/**
 * One value for the whole process. The server and the pages are bundled apart from each other, and development loads
 * modules anew, so a module's own variable would be one of several: they meet at a name instead.
 * @param make the value, when nobody has made it yet
 */
export function processWide<Value>(name: string, make: () => Value): Value {
  const meetingPlace = globalThis as Record<symbol, Value | undefined>;
  const key = Symbol.for(`latchkey.${name}`);
  const value = meetingPlace[key] ?? make();
  meetingPlace[key] = value;
  return value;
}
