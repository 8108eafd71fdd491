import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { Pager } from "@/components/pager";
import { Button, ButtonLink } from "@/components/ui/button";
import { Field, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/notice";
import { UserRow } from "@/components/user-row";
import { listUsers, longestSearch, userFilters } from "@/lib/domain/user-search";
import { requireScope } from "@/lib/latchkey";
import { describeRefusal } from "@/lib/web/administration-problem";
import { setPageStatus } from "@/lib/web/page-status";
import { queryString, readQuery, type SearchParams } from "@/lib/web/query";

const path = "/admin/users";
const pageSize = 50;

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.users"))("title") };
}

export default async function UsersPage({ searchParams }: { searchParams: SearchParams }) {
  await requireScope("admin");
  const { search = "", filter: asked, after, deleted, refused } = await readQuery(searchParams);
  const refusal = await describeRefusal(refused);
  const filter = userFilters.find((known) => known === asked) ?? "all";
  const isTooLong = search.length > longestSearch;
  if (isTooLong) setPageStatus(422);
  const { users, next } = isTooLong
    ? { users: [], next: null }
    : await listUsers(search, filter, after, pageSize);
  const t = await getTranslations("admin.users");
  return (
    <AdminFrame path={path} title={t("title")}>
      {deleted !== undefined && <Notice look="done">{t("deleted")}</Notice>}
      {refusal && <Notice look="danger">{refusal}</Notice>}
      <form
        action={path}
        className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_minmax(0,12rem)_auto] sm:items-start"
      >
        <Field
          id="search"
          name="search"
          type="search"
          label={t("search")}
          hint={t("searchHint")}
          error={isTooLong ? t("tooLong", { longest: longestSearch }) : undefined}
          defaultValue={search.slice(0, longestSearch)}
          maxLength={longestSearch}
          autoCapitalize="none"
          spellCheck={false}
        />
        <Select
          id="filter"
          name="filter"
          label={t("filter")}
          defaultValue={filter}
          options={userFilters.map((value) => [value, t(`filters.${value}`)] as const)}
        />
        <Button size="tall" className="justify-self-start sm:mt-8.5">
          {t("submit")}
        </Button>
      </form>
      {users.length === 0 && !isTooLong && (
        <p>{t(next ? "noneSoFar" : search ? "noneFound" : "none")}</p>
      )}
      {users.length > 0 && (
        <ul className="border-line border-t">
          {users.map((user) => (
            <UserRow key={user.id} user={user} />
          ))}
        </ul>
      )}
      <div className="flex flex-wrap items-center gap-6">
        <ButtonLink href="/admin/users/new" look="quiet">
          {t("new")}
        </ButtonLink>
        <Pager
          newest={after ? path + queryString({ search, filter }) : null}
          older={next && path + queryString({ search, filter, after: next })}
          words={{ newest: t("first"), older: t(users.length > 0 ? "more" : "goOn") }}
        />
      </div>
    </AdminFrame>
  );
}
