-- CreateTable
CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "emailTyped" TEXT NOT NULL,
    "emailVerified" TIMESTAMP(3) NOT NULL,
    "name" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "blockedAt" TIMESTAMP(3),
    "timeZone" TEXT,
    "factorTries" INTEGER NOT NULL DEFAULT 0,
    "factorPausedUntil" TIMESTAMP(3),
    "blockedReason" TEXT,
    "invitedAt" TIMESTAMP(3),
    "properties" TEXT,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "UserSearchTerm" (
    -- Compared byte by byte, as SQLite does: words are found by how they begin, which no language's order keeps together.
    "term" TEXT COLLATE "C" NOT NULL,
    "userId" TEXT NOT NULL,

    CONSTRAINT "UserSearchTerm_pkey" PRIMARY KEY ("term","userId")
);

-- CreateTable
CREATE TABLE "UserScope" (
    "userId" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "grantedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "UserScope_pkey" PRIMARY KEY ("userId","scope")
);

-- CreateTable
CREATE TABLE "ConfiguredAdmin" (
    "hash" TEXT NOT NULL,
    "grantedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ConfiguredAdmin_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "SigningKey" (
    "id" TEXT NOT NULL,
    "sealedPrivate" TEXT NOT NULL,
    "publicJwk" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signsFrom" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "SigningKey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Totp" (
    "userId" TEXT NOT NULL,
    "sealedSecret" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Totp_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "Passkey" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "credentialId" TEXT NOT NULL,
    "publicKey" TEXT NOT NULL,
    "counter" BIGINT NOT NULL,
    "transports" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" TIMESTAMP(3),
    "deniedAt" TIMESTAMP(3),

    CONSTRAINT "Passkey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "RecoveryCode" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "salt" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "RecoveryCode_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TwoFactorAttempt" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "way" TEXT NOT NULL,
    "isNewAccount" BOOLEAN NOT NULL,
    "keepSignedIn" BOOLEAN NOT NULL,
    "next" TEXT NOT NULL,
    "stepUpSessionId" TEXT,
    "sealedTotp" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "TwoFactorAttempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SpentValue" (
    "hash" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "SpentValue_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "keepSignedIn" BOOLEAN NOT NULL,
    "userAgent" TEXT NOT NULL,
    "networkAddress" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signedInAt" TIMESTAMP(3),
    "browserHash" TEXT,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "endsAt" TIMESTAMP(3),
    "secondFactorAt" TIMESTAMP(3),
    "sealedTotp" TEXT,
    "totpUntil" TIMESTAMP(3),

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PausedAct" (
    "id" TEXT NOT NULL,
    "sessionId" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "sealedFields" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "PausedAct_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AddressChange" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "formerEmail" TEXT NOT NULL,
    "formerEmailTyped" TEXT NOT NULL,
    "newEmail" TEXT NOT NULL,
    "newEmailTyped" TEXT NOT NULL,
    "linkHash" TEXT NOT NULL,
    "codeHash" TEXT NOT NULL,
    "codeTries" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "confirmedAt" TIMESTAMP(3),
    "withdrawnAt" TIMESTAMP(3),
    "undoUntil" TIMESTAMP(3),
    "undoneAt" TIMESTAMP(3),

    CONSTRAINT "AddressChange_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SecurityNotice" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "browserHash" TEXT,
    "passkeyId" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "usedAt" TIMESTAMP(3),

    CONSTRAINT "SecurityNotice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditEvent" (
    "id" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "type" TEXT NOT NULL,
    "userId" TEXT,
    "actor" TEXT,
    "networkAddress" TEXT NOT NULL,
    "userAgent" TEXT NOT NULL,
    "details" TEXT,
    "act" TEXT,

    CONSTRAINT "AuditEvent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "KnownBrowser" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "browserHash" TEXT NOT NULL,
    "lastSignedInAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "KnownBrowser_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "MailStop" (
    "email" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "MailStop_pkey" PRIMARY KEY ("email")
);

-- CreateTable
CREATE TABLE "SignInRequest" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "emailTyped" TEXT NOT NULL,
    "linkHash" TEXT NOT NULL,
    "codeHash" TEXT NOT NULL,
    "codeTries" INTEGER NOT NULL DEFAULT 0,
    "codeTriesElsewhere" INTEGER NOT NULL DEFAULT 0,
    "number" INTEGER,
    "numberTries" INTEGER NOT NULL DEFAULT 0,
    "approvedAt" TIMESTAMP(3),
    "screenHash" TEXT,
    "browserHash" TEXT NOT NULL,
    "keepSignedIn" BOOLEAN NOT NULL,
    "next" TEXT NOT NULL,
    "stepUpSessionId" TEXT,
    "timeZone" TEXT,
    "userAgent" TEXT NOT NULL,
    "networkAddress" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "usedAt" TIMESTAMP(3),
    "usedUserAgent" TEXT,
    "replacedAt" TIMESTAMP(3),
    "replacedById" TEXT,
    "expiredAt" TIMESTAMP(3),

    CONSTRAINT "SignInRequest_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Mail" (
    "id" TEXT NOT NULL,
    "signInRequestId" TEXT,
    "userId" TEXT,
    "mailingId" TEXT,
    "template" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "sealedContent" TEXT,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "canWait" BOOLEAN NOT NULL DEFAULT false,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAttemptAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "serverAnswer" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "settledAt" TIMESTAMP(3),

    CONSTRAINT "Mail_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Mailing" (
    "id" TEXT NOT NULL,
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
    "nextBatchAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" TIMESTAMP(3),
    "isStopped" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "Mailing_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "MessageDraft" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "sealedFields" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "MessageDraft_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "LimitCount" (
    "key" TEXT NOT NULL,
    "points" INTEGER NOT NULL,
    "expire" TIMESTAMP(3),

    CONSTRAINT "LimitCount_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE INDEX "User_blockedAt_id_idx" ON "User"("blockedAt", "id");

-- CreateIndex
CREATE INDEX "User_invitedAt_id_idx" ON "User"("invitedAt", "id");

-- CreateIndex
CREATE INDEX "UserSearchTerm_userId_term_idx" ON "UserSearchTerm"("userId", "term");

-- CreateIndex
CREATE INDEX "UserScope_scope_idx" ON "UserScope"("scope");

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

-- CreateIndex
CREATE UNIQUE INDEX "Session_tokenHash_key" ON "Session"("tokenHash");

-- CreateIndex
CREATE INDEX "Session_userId_idx" ON "Session"("userId");

-- CreateIndex
CREATE INDEX "Session_expiresAt_idx" ON "Session"("expiresAt");

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
CREATE INDEX "AuditEvent_actor_id_idx" ON "AuditEvent"("actor", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_type_id_idx" ON "AuditEvent"("type", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_act_id_idx" ON "AuditEvent"("act", "id");

-- CreateIndex
CREATE INDEX "KnownBrowser_userId_idx" ON "KnownBrowser"("userId");

-- CreateIndex
CREATE INDEX "KnownBrowser_lastSignedInAt_idx" ON "KnownBrowser"("lastSignedInAt");

-- CreateIndex
CREATE UNIQUE INDEX "KnownBrowser_browserHash_userId_key" ON "KnownBrowser"("browserHash", "userId");

-- CreateIndex
CREATE INDEX "MailStop_expiresAt_idx" ON "MailStop"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "SignInRequest_linkHash_key" ON "SignInRequest"("linkHash");

-- CreateIndex
CREATE INDEX "SignInRequest_browserHash_createdAt_idx" ON "SignInRequest"("browserHash", "createdAt");

-- CreateIndex
CREATE INDEX "SignInRequest_email_createdAt_idx" ON "SignInRequest"("email", "createdAt");

-- CreateIndex
CREATE INDEX "SignInRequest_expiresAt_idx" ON "SignInRequest"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "Mail_signInRequestId_key" ON "Mail"("signInRequestId");

-- CreateIndex
CREATE INDEX "Mail_mailingId_state_idx" ON "Mail"("mailingId", "state");

-- CreateIndex
CREATE INDEX "Mail_state_canWait_nextAttemptAt_idx" ON "Mail"("state", "canWait", "nextAttemptAt");

-- CreateIndex
CREATE INDEX "Mail_state_id_idx" ON "Mail"("state", "id");

-- CreateIndex
CREATE INDEX "Mail_recipient_id_idx" ON "Mail"("recipient", "id");

-- CreateIndex
CREATE INDEX "Mail_createdAt_idx" ON "Mail"("createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "Mail_userId_mailingId_key" ON "Mail"("userId", "mailingId");

-- CreateIndex
CREATE INDEX "Mailing_endedAt_nextBatchAt_idx" ON "Mailing"("endedAt", "nextBatchAt");

-- CreateIndex
CREATE INDEX "MessageDraft_userId_idx" ON "MessageDraft"("userId");

-- CreateIndex
CREATE INDEX "MessageDraft_expiresAt_idx" ON "MessageDraft"("expiresAt");

-- CreateIndex
CREATE INDEX "LimitCount_expire_idx" ON "LimitCount"("expire");

-- AddForeignKey
ALTER TABLE "UserSearchTerm" ADD CONSTRAINT "UserSearchTerm_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UserScope" ADD CONSTRAINT "UserScope_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Totp" ADD CONSTRAINT "Totp_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Passkey" ADD CONSTRAINT "Passkey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RecoveryCode" ADD CONSTRAINT "RecoveryCode_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TwoFactorAttempt" ADD CONSTRAINT "TwoFactorAttempt_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PausedAct" ADD CONSTRAINT "PausedAct_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AddressChange" ADD CONSTRAINT "AddressChange_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SecurityNotice" ADD CONSTRAINT "SecurityNotice_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "KnownBrowser" ADD CONSTRAINT "KnownBrowser_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Mail" ADD CONSTRAINT "Mail_signInRequestId_fkey" FOREIGN KEY ("signInRequestId") REFERENCES "SignInRequest"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Mail" ADD CONSTRAINT "Mail_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Mail" ADD CONSTRAINT "Mail_mailingId_fkey" FOREIGN KEY ("mailingId") REFERENCES "Mailing"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MessageDraft" ADD CONSTRAINT "MessageDraft_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
