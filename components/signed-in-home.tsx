import { useTranslations } from "next-intl";
import { Address } from "./ui/address";
import { ButtonLink } from "./ui/button";
import { Doorway } from "./ui/doorway";

export function SignedInHome({ name }: { name: string }) {
  const t = useTranslations("home");
  return (
    <Doorway door="open" title={t.rich("welcome", { name: () => <Name>{name}</Name> })}>
      <p className="text-lg text-muted">{t("signedInLead")}</p>
      <p>
        <ButtonLink href="/private">{t("goPrivate")}</ButtonLink>
      </p>
    </Doorway>
  );
}

/** People without a name go by their address, which can be long, and gets a smaller line of its own. */
function Name({ children }: { children: string }) {
  return children.includes("@") ? (
    <span className="mt-1 block font-normal text-xl">
      <Address>{children}</Address>
    </span>
  ) : (
    <bdi className="wrap-anywhere">{children}</bdi>
  );
}
