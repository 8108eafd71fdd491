import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { SessionRow } from "@/components/session-row";
import { Address } from "@/components/ui/address";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import {
  BlockForm,
  DeletionForm,
  PropertiesForm,
  ScopeForms,
  UserAct,
  UserSection,
} from "@/components/user-acts";
import { UserBadges } from "@/components/user-badges";
import { findUser, longestReason } from "@/lib/domain/administration";
import { describeDevice } from "@/lib/domain/device";
import { findPropertiesProblem, longestProperties } from "@/lib/domain/properties";
import { everybodysScope, hasScope, listScopes } from "@/lib/domain/scopes";
import { hasSecondFactor } from "@/lib/domain/second-factor";
import { listSessions } from "@/lib/domain/sessions";
import { currentScopes, requireScope } from "@/lib/latchkey";
import { describeRefusal } from "@/lib/web/administration-problem";
import { isInnerRequest } from "@/lib/web/cookies";
import { readQuery, type SearchParams, unpackText } from "@/lib/web/query";
import { currentSession } from "@/lib/web/session";

type UserPage = { params: Promise<{ id: string }>; searchParams: SearchParams };

type FoundUser = NonNullable<Awaited<ReturnType<typeof findUser>>>;

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.user"))("title") };
}

export default async function UserPage({ params, searchParams }: UserPage) {
  const administrator = await requireScope("admin");
  const user = (await findUser((await params).id)) ?? notFound();
  const { done, refused, problem, properties: packed } = await readQuery(searchParams);
  // Anybody can write an address that looks as if this stood in the account.
  const typed = packed && (await isInnerRequest()) ? unpackText(packed) : undefined;
  const refusal = await describeRefusal(refused);
  const scopes = await listScopes(user.id);
  const isOneself = user.id === administrator.id;
  const isSuper = hasScope(await currentScopes(), "super");
  const isAbove = hasScope(scopes, "super") && !isSuper;
  const t = await getTranslations("admin.user");
  return (
    <AdminFrame path="/admin/users" title={<bdi>{user.name ?? user.emailTyped}</bdi>}>
      {done !== undefined && <Notice look="done">{t("done")}</Notice>}
      {refusal && <Notice look="danger">{refusal}</Notice>}
      <Facts user={user} />
      {user.invitedAt && (
        <UserSection title={t("invitation.title")}>
          <p className="text-muted">{t("invitation.lead")}</p>
          <UserAct action="/admin/users/invite" userId={user.id}>
            <Button look="quiet">{t("invitation.submit")}</Button>
          </UserAct>
        </UserSection>
      )}
      {isAbove && <p className="text-muted">{t("above")}</p>}
      {!isOneself && !isAbove && (
        <BlockForm
          userId={user.id}
          blockedAt={user.blockedAt}
          reason={user.blockedReason}
          longestReason={longestReason}
        />
      )}
      <ScopeForms
        userId={user.id}
        scopes={scopes.filter((scope) => scope !== everybodysScope)}
        canGrant={isSuper}
        canRevoke={isSuper && !isOneself}
      />
      <Sessions userId={user.id} canEnd={!isAbove} />
      <SecondFactor userId={user.id} canDisable={!isAbove} />
      {!isAbove && (
        <PropertiesForm
          userId={user.id}
          properties={typed ?? pretty(user.properties)}
          longest={longestProperties}
          problem={problem === "properties" ? findPropertiesProblem(typed ?? "") : undefined}
        />
      )}
      {!isOneself && !isAbove && (
        <DeletionForm
          userId={user.id}
          email={user.emailTyped}
          problem={problem === "address" ? t("delete.problem") : undefined}
        />
      )}
    </AdminFrame>
  );
}

function pretty(properties: string | null): string {
  return properties ? JSON.stringify(JSON.parse(properties), null, 2) : "{}";
}

async function Facts({ user }: { user: FoundUser }) {
  const t = await getTranslations("admin.user");
  const person = new URLSearchParams({ person: user.id });
  const links = [
    { href: `/admin/mail/new?to=${user.id}`, text: t("write") },
    { href: `/admin/mail?${new URLSearchParams({ recipient: user.email })}`, text: t("mails") },
    { href: `/admin/audit?${person}`, text: t("audit") },
  ];
  return (
    <div className="grid gap-3">
      <p className="flex flex-wrap items-center gap-3">
        {user.name && <Address className="text-lg">{user.emailTyped}</Address>}
        <UserBadges user={user} />
      </p>
      <p className="text-muted text-sm">
        {t("made", { time: user.createdAt })} · <span className="wrap-anywhere">{user.id}</span>
      </p>
      <p className="flex flex-wrap gap-x-6">
        {links.map(({ href, text }) => (
          <a key={href} href={href} className="link inline-flex min-h-11 items-center">
            {text}
          </a>
        ))}
      </p>
    </div>
  );
}

async function Sessions({ userId, canEnd }: { userId: string; canEnd: boolean }) {
  const sessions = await listSessions(userId);
  const own = await currentSession();
  const t = await getTranslations("admin.user.sessions");
  return (
    <UserSection title={t("title")}>
      {sessions.length === 0 && <p className="text-muted">{t("none")}</p>}
      <ul className="grid gap-3">
        {sessions.map((session) => (
          <SessionRow
            key={session.id}
            id={session.id}
            device={describeDevice(session.userAgent)}
            networkAddress={session.networkAddress}
            firstSeenAt={session.createdAt}
            lastSeenAt={session.lastSeenAt}
            isThis={session.id === own?.session.id}
            {...(canEnd && { endAction: "/admin/users/sessions/end", userId })}
          />
        ))}
      </ul>
      {canEnd && sessions.length > 0 && (
        <UserAct action="/admin/users/sessions/end" userId={userId} fields={{ session: "all" }}>
          <Button look="quiet">{t("endAll")}</Button>
        </UserAct>
      )}
    </UserSection>
  );
}

async function SecondFactor({ userId, canDisable }: { userId: string; canDisable: boolean }) {
  const isOn = await hasSecondFactor(userId);
  const t = await getTranslations("admin.user.secondFactor");
  return (
    <UserSection title={t("title")}>
      <p className="text-muted">{t(isOn ? "isOn" : "isOff")}</p>
      {isOn && canDisable && (
        <UserAct action="/admin/users/second-factor/disable" userId={userId}>
          <Button look="danger">{t("disable")}</Button>
        </UserAct>
      )}
    </UserSection>
  );
}
