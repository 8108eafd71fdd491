-- AlterTable
ALTER TABLE "SecurityNotice" ADD COLUMN "passkeyId" TEXT;

-- AlterTable
ALTER TABLE "Session" ADD COLUMN "sealedTotp" TEXT;
ALTER TABLE "Session" ADD COLUMN "secondFactorAt" DATETIME;
ALTER TABLE "Session" ADD COLUMN "totpUntil" DATETIME;

-- AlterTable
-- Added in place: making the table anew, as the tool proposes, would delete what hangs on its rows.
ALTER TABLE "User" ADD COLUMN "factorPausedUntil" DATETIME;
ALTER TABLE "User" ADD COLUMN "factorTries" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "Totp" (
    "userId" TEXT NOT NULL PRIMARY KEY,
    "sealedSecret" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Totp_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Passkey" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "credentialId" TEXT NOT NULL,
    "publicKey" TEXT NOT NULL,
    "counter" BIGINT NOT NULL,
    "transports" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" DATETIME,
    "deniedAt" DATETIME,
    CONSTRAINT "Passkey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "RecoveryCode" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "salt" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    CONSTRAINT "RecoveryCode_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "TwoFactorAttempt" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "tokenHash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "way" TEXT NOT NULL,
    "isNewAccount" BOOLEAN NOT NULL,
    "keepSignedIn" BOOLEAN NOT NULL,
    "next" TEXT NOT NULL,
    "stepUpSessionId" TEXT,
    "sealedTotp" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,
    CONSTRAINT "TwoFactorAttempt_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "SpentValue" (
    "hash" TEXT NOT NULL PRIMARY KEY,
    "expiresAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "Passkey_credentialId_key" ON "Passkey"("credentialId");

-- CreateIndex
CREATE INDEX "Passkey_userId_idx" ON "Passkey"("userId");

-- CreateIndex
CREATE INDEX "RecoveryCode_userId_idx" ON "RecoveryCode"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "TwoFactorAttempt_tokenHash_key" ON "TwoFactorAttempt"("tokenHash");

-- CreateIndex
CREATE INDEX "TwoFactorAttempt_userId_idx" ON "TwoFactorAttempt"("userId");

-- CreateIndex
CREATE INDEX "TwoFactorAttempt_expiresAt_idx" ON "TwoFactorAttempt"("expiresAt");

-- CreateIndex
CREATE INDEX "SpentValue_expiresAt_idx" ON "SpentValue"("expiresAt");
