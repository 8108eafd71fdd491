-- AlterTable
ALTER TABLE "Session" ADD COLUMN "browserHash" TEXT;
ALTER TABLE "Session" ADD COLUMN "endsAt" DATETIME;
ALTER TABLE "Session" ADD COLUMN "signedInAt" DATETIME;

-- AlterTable
ALTER TABLE "SignInRequest" ADD COLUMN "stepUpSessionId" TEXT;
ALTER TABLE "SignInRequest" ADD COLUMN "timeZone" TEXT;

-- AlterTable
ALTER TABLE "User" ADD COLUMN "timeZone" TEXT;

-- CreateTable
CREATE TABLE "PausedAct" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "sessionId" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "sealedFields" TEXT NOT NULL,
    "expiresAt" DATETIME NOT NULL,
    CONSTRAINT "PausedAct_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "AddressChange" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "formerEmail" TEXT NOT NULL,
    "formerEmailTyped" TEXT NOT NULL,
    "newEmail" TEXT NOT NULL,
    "newEmailTyped" TEXT NOT NULL,
    "linkHash" TEXT NOT NULL,
    "codeHash" TEXT NOT NULL,
    "codeTries" INTEGER NOT NULL DEFAULT 0,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,
    "confirmedAt" DATETIME,
    "withdrawnAt" DATETIME,
    "undoUntil" DATETIME,
    "undoneAt" DATETIME,
    CONSTRAINT "AddressChange_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "SecurityNotice" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "browserHash" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,
    "usedAt" DATETIME,
    CONSTRAINT "SecurityNotice_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "AuditEvent" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "type" TEXT NOT NULL,
    "userId" TEXT,
    "actor" TEXT,
    "networkAddress" TEXT NOT NULL,
    "userAgent" TEXT NOT NULL,
    "details" TEXT
);

-- CreateIndex
CREATE INDEX "PausedAct_sessionId_idx" ON "PausedAct"("sessionId");

-- CreateIndex
CREATE INDEX "PausedAct_expiresAt_idx" ON "PausedAct"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "AddressChange_linkHash_key" ON "AddressChange"("linkHash");

-- CreateIndex
CREATE INDEX "AddressChange_userId_idx" ON "AddressChange"("userId");

-- CreateIndex
CREATE INDEX "AddressChange_formerEmail_idx" ON "AddressChange"("formerEmail");

-- CreateIndex
CREATE INDEX "AddressChange_expiresAt_idx" ON "AddressChange"("expiresAt");

-- CreateIndex
CREATE INDEX "SecurityNotice_userId_idx" ON "SecurityNotice"("userId");

-- CreateIndex
CREATE INDEX "SecurityNotice_expiresAt_idx" ON "SecurityNotice"("expiresAt");

-- CreateIndex
CREATE INDEX "AuditEvent_userId_id_idx" ON "AuditEvent"("userId", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_type_id_idx" ON "AuditEvent"("type", "id");

-- CreateIndex
CREATE INDEX "KnownBrowser_lastSignedInAt_idx" ON "KnownBrowser"("lastSignedInAt");

-- Sessions that are there already: what is known of them.
UPDATE "Session" SET "signedInAt" = "createdAt", "endsAt" = "expiresAt";
