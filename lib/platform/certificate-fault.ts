/** True for the codes by which Node says that the other end's certificate is not to be trusted. */
export function isCertificateFault(code: string | undefined): boolean {
  return /CERT|SELF_SIGNED|^UNABLE_TO_|^INVALID_(CA|PURPOSE)$|^HOSTNAME_MISMATCH$/.test(code ?? "");
}
