-- CreateTable
CREATE TABLE "KnownBrowser" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "browserHash" TEXT NOT NULL,
    "lastSignedInAt" DATETIME NOT NULL,
    CONSTRAINT "KnownBrowser_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "MailStop" (
    "email" TEXT NOT NULL PRIMARY KEY,
    "expiresAt" DATETIME NOT NULL
);

-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_SignInRequest" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "email" TEXT NOT NULL,
    "emailTyped" TEXT NOT NULL,
    "linkHash" TEXT NOT NULL,
    "codeHash" TEXT NOT NULL,
    "codeTries" INTEGER NOT NULL DEFAULT 0,
    "codeTriesElsewhere" INTEGER NOT NULL DEFAULT 0,
    "number" INTEGER,
    "numberTries" INTEGER NOT NULL DEFAULT 0,
    "approvedAt" DATETIME,
    "screenHash" TEXT,
    "browserHash" TEXT NOT NULL,
    "keepSignedIn" BOOLEAN NOT NULL,
    "next" TEXT NOT NULL,
    "userAgent" TEXT NOT NULL,
    "networkAddress" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,
    "usedAt" DATETIME,
    "usedUserAgent" TEXT,
    "replacedAt" DATETIME,
    "replacedById" TEXT,
    "expiredAt" DATETIME
);
INSERT INTO "new_SignInRequest" ("browserHash", "codeHash", "codeTries", "codeTriesElsewhere", "createdAt", "email", "emailTyped", "expiredAt", "expiresAt", "id", "keepSignedIn", "linkHash", "networkAddress", "next", "replacedAt", "usedAt", "userAgent") SELECT "browserHash", "codeHash", "codeTries", "codeTriesElsewhere", "createdAt", "email", "emailTyped", "expiredAt", "expiresAt", "id", "keepSignedIn", "linkHash", "networkAddress", "next", "replacedAt", "usedAt", "userAgent" FROM "SignInRequest";
DROP TABLE "SignInRequest";
ALTER TABLE "new_SignInRequest" RENAME TO "SignInRequest";
CREATE UNIQUE INDEX "SignInRequest_linkHash_key" ON "SignInRequest"("linkHash");
CREATE INDEX "SignInRequest_browserHash_createdAt_idx" ON "SignInRequest"("browserHash", "createdAt");
CREATE INDEX "SignInRequest_email_createdAt_idx" ON "SignInRequest"("email", "createdAt");
CREATE INDEX "SignInRequest_expiresAt_idx" ON "SignInRequest"("expiresAt");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;

-- CreateIndex
CREATE INDEX "KnownBrowser_userId_idx" ON "KnownBrowser"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "KnownBrowser_browserHash_userId_key" ON "KnownBrowser"("browserHash", "userId");

-- CreateIndex
CREATE INDEX "MailStop_expiresAt_idx" ON "MailStop"("expiresAt");
