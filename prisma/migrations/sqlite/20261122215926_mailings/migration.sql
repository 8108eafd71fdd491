-- CreateTable
CREATE TABLE "Mailing" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "actor" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "buttonLabel" TEXT,
    "buttonUrl" TEXT,
    "search" TEXT NOT NULL,
    "filter" TEXT NOT NULL,
    "perMinute" INTEGER NOT NULL,
    "total" INTEGER,
    "queued" INTEGER NOT NULL DEFAULT 0,
    "cursor" TEXT,
    "nextBatchAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" DATETIME,
    "isStopped" BOOLEAN NOT NULL DEFAULT false
);

-- CreateTable
CREATE TABLE "MessageDraft" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "sealedFields" TEXT NOT NULL,
    "expiresAt" DATETIME NOT NULL,
    CONSTRAINT "MessageDraft_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- AlterTable
ALTER TABLE "Mail" ADD COLUMN "userId" TEXT REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Mail" ADD COLUMN "mailingId" TEXT REFERENCES "Mailing" ("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Mail" ADD COLUMN "canWait" BOOLEAN NOT NULL DEFAULT false;

-- DropIndex
DROP INDEX "Mail_state_nextAttemptAt_idx";

-- CreateIndex
CREATE UNIQUE INDEX "Mail_userId_mailingId_key" ON "Mail"("userId", "mailingId");

-- CreateIndex
CREATE INDEX "Mail_mailingId_state_idx" ON "Mail"("mailingId", "state");

-- CreateIndex
CREATE INDEX "Mail_state_canWait_nextAttemptAt_idx" ON "Mail"("state", "canWait", "nextAttemptAt");

-- CreateIndex
CREATE INDEX "Mailing_endedAt_nextBatchAt_idx" ON "Mailing"("endedAt", "nextBatchAt");

-- CreateIndex
CREATE INDEX "MessageDraft_userId_idx" ON "MessageDraft"("userId");

-- CreateIndex
CREATE INDEX "MessageDraft_expiresAt_idx" ON "MessageDraft"("expiresAt");
