-- AlterTable
ALTER TABLE "User" ADD COLUMN "blockedReason" TEXT;
ALTER TABLE "User" ADD COLUMN "invitedAt" DATETIME;

-- CreateTable
CREATE TABLE "UserSearchTerm" (
    "term" TEXT NOT NULL,
    "userId" TEXT NOT NULL,

    PRIMARY KEY ("term", "userId"),
    CONSTRAINT "UserSearchTerm_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "UserScope" (
    "userId" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "grantedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,

    PRIMARY KEY ("userId", "scope"),
    CONSTRAINT "UserScope_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "SigningKey" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "sealedPrivate" TEXT NOT NULL,
    "publicJwk" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signsFrom" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "UserSearchTerm_userId_idx" ON "UserSearchTerm"("userId");

-- CreateIndex
CREATE INDEX "UserScope_scope_idx" ON "UserScope"("scope");

-- CreateIndex
CREATE INDEX "User_blockedAt_idx" ON "User"("blockedAt");

-- CreateIndex
CREATE INDEX "User_invitedAt_idx" ON "User"("invitedAt");

-- CreateTable
CREATE TABLE "ConfiguredAdmin" (
    "hash" TEXT NOT NULL PRIMARY KEY,
    "grantedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- Accounts that are there already are found by address and domain; by the words of both and of the name once those change.
INSERT INTO "UserSearchTerm" ("term", "userId") SELECT "email", "id" FROM "User";
INSERT INTO "UserSearchTerm" ("term", "userId") SELECT substr("email", instr("email", '@') + 1), "id" FROM "User";
