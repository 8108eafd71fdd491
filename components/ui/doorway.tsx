import type { ReactNode } from "react";
import { Door, type DoorState } from "../pictures/door";

type Doorway = { door: DoorState; title: ReactNode; children: ReactNode };

/** A page that asks for one thing, or tells one: the door, and what is in front of it. */
export function Doorway({ door, title, children }: Doorway) {
  return (
    <section className="mx-auto grid w-full max-w-md grid-cols-[minmax(0,1fr)_auto] gap-x-6 md:max-w-none md:grid-cols-[15rem_minmax(0,27rem)] md:grid-rows-[auto_1fr] md:justify-center md:gap-x-16 lg:grid-cols-[17rem_minmax(0,27rem)] lg:gap-x-24">
      <Door
        state={door}
        className="w-[min(4rem,18vw)] [view-transition-name:door] max-md:order-2 md:row-span-2 md:w-full"
      />
      <h1 className="title self-end md:pt-5">{title}</h1>
      <div className="mt-5 grid min-w-0 grid-cols-1 content-start gap-6 max-md:order-3 max-md:col-span-2 md:mt-4">
        {children}
      </div>
    </section>
  );
}
