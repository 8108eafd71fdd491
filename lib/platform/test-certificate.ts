/**
 * For tests: a certificate of `localhost` and `127.0.0.1`, signed by itself, good until the year 2126. Whoever wants to believe
 * it has to be told; its key is no secret.
 */
export const testCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUMj5MrYDNicTtJb9XOx8gjNsbsKAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAxMDczOFoYDzIxMjYxMDMw
MDEwNzM4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQX/DEtVmHAyJMxLihpo94TZwYMuIXhSQ7477AwhDXmm7ZdNXHzsqDA
LxYxC2XP2RFJPRcsjLpR6L6JF2o32H1Lo28wbTAdBgNVHQ4EFgQU7QA6+vIGqjwZ
9aaSfNbtQCLcbkcwHwYDVR0jBBgwFoAU7QA6+vIGqjwZ9aaSfNbtQCLcbkcwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgVvx9iNNgpLBAsSYKkPoATqupKamgvpjmtT2qfdyLma8CID9n
osRhd2R0DRoUYs/4kB8O5Y/v4U3OtMh0hvPCjOkL
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsypxR5pxdhV2NfEH
b4cVwDpLvIcaWf1D2qy+VfAmXIChRANCAAQX/DEtVmHAyJMxLihpo94TZwYMuIXh
SQ7477AwhDXmm7ZdNXHzsqDALxYxC2XP2RFJPRcsjLpR6L6JF2o32H1L
-----END PRIVATE KEY-----
`,
};
