/*
 * One idempotency key, its requests, and the processes and servers that work on them. README.md explains how to read and run this.
 *
 * Each step that is atomic in reality is one atomic step here; between two steps anything may happen, and any time may pass.
 * A process that takes no step while others continue is a frozen process.
 *
 * Faults are counted down from budgets (-DCRASHES=2 and so on), so that all of them together end; guards are
 * removed by -DNO_GATEWAY_KEY, -DNO_OWNER_TOKEN, -DNO_RETENTION_GUARD, -DNO_EXPIRY, -DACK_FIRST; mistakes that the scripts
 * could have made are -DCLAIM_ENDS and -DSTALE_CLAIM.
 */

#ifndef COPIES
#define COPIES 2        /* messages with the key: the request and its duplicates */
#endif
#ifndef CRASHES
#define CRASHES 0       /* a consumer crashes between two steps, and is started again */
#endif
#ifndef FREEZES
#define FREEZES 0       /* a running owner's lease expires: it was frozen, or could not renew */
#endif
#ifndef REDELIVERIES
#define REDELIVERIES 0  /* the broker redelivers a running consumer's message: its connection was lost */
#endif
#ifndef LOST_ANSWERS
#define LOST_ANSWERS 0  /* Redis takes a step, and the answer does not arrive */
#endif
#ifndef FAILURES
#define FAILURES 0      /* the gateway fails, before it charges or after */
#endif
#ifndef FLUSHES
#define FLUSHES 0       /* Redis loses everything */
#endif
#ifndef OLDEST
#define OLDEST 0        /* the highest `age` */
#endif
#ifndef FORGETS
#define FORGETS 0       /* the gateway forgets the key */
#endif
#ifndef MAX_ATTEMPTS
#define MAX_ATTEMPTS 8  /* PAYMENT_MAX_ATTEMPTS */
#endif

#define CONSUMERS 3
#define NOBODY 0
#define ME (me + 1)

/* ---- Redis: the two keys of libs/idempotency/src/stores/redis/redis-keys.ts ---- */
byte record;            /* idempotent:<scope>:<key>: the charge it names, 0 when there is none */
/* lock:<scope>:<key>, the claim of libs/idempotency/src/stores/redis/claim.lua. It outlives its owner, until there is a record */
byte owner;             /* whose token it has, also after the end of the lease. A process has one token at a time */
bool isLeased;          /* the end of the lease has not come */
byte count;             /* up to MAX_ATTEMPTS; 0: there is no claim */
byte firstAge;          /* `age` at the first one */
/* not in Redis */
bool isOwnerAlive;      /* whether the process behind the owner still works under the lease */
#ifdef STALE_CLAIM
bool isJustWritten;     /* the owner's begin and the next one may share one call of begin.lua */
#endif

/* ---- the gateway ---- */
byte charges;           /* with effect */
byte kept;              /* the answer it keeps under the key, 0 if none */
byte keptSince;         /* `age` when it first answered */
byte undecided;         /* requests on their way to it, sent while the gateway still knew the key */

/* ---- RabbitMQ: payments.charge and its retry queues as one, payments.dead-letter ---- */
byte waiting = COPIES;
bool holds[CONSUMERS];  /* delivered to, and not acknowledged by */
bool isDeadLetter;

/* ---- time ---- */
byte age;               /* of the request. 0: new. 1: GATEWAY_KEY_RETENTION less its margin is over. 2: that and IDEMPOTENCY_TTL are over */
bool believes[CONSUMERS];  /* libs/idempotency/src/engine/lease.ts: its own monotonic deadline has not passed */

/* ---- budgets ---- */
byte crashes = CRASHES;
byte lostAnswers = LOST_ANSWERS;
byte failures = FAILURES;

/* ---- checked properties ---- */
bool isOverwritten;     /* a record has overwritten another one */

#define HOLDS_LEASE (owner == ME && isLeased)     /* rest_of() of claim.lua */
#ifdef NO_OWNER_TOKEN
#define IS_MINE true
#else
#define IS_MINE HOLDS_LEASE
#endif

/* What begin.lua takes for a held lease */
#ifdef STALE_CLAIM
#define IS_IN_PROGRESS (isLeased && !isJustWritten)   /* it looks at the claims that MGET read, not at those that it wrote since */
#else
#define IS_IN_PROGRESS isLeased
#endif

/* The end of the lease in the claim passes; nothing is written */
inline endLease() {
  isLeased = false;
#ifdef CLAIM_ENDS
  count = 0; firstAge = 0               /* the mistake: the claim lives no longer than its lease */
#endif
}

/* libs/idempotency/src/stores/redis/begin.lua, its last part: the claim */
inline acquire(isKnownToOwner) {
  owner = ME;
  isLeased = true;
  isOwnerAlive = isKnownToOwner;
#ifdef STALE_CLAIM
  isJustWritten = true;
#endif
  if
  :: count == 0 -> firstAge = age
  :: else
  fi;
  if
  :: count < MAX_ATTEMPTS -> count++
  :: else
  fi
}

/* libs/idempotency/src/stores/redis/complete.lua, after its owner check. Its NX, which keeps foreign values, refuses nothing here */
inline store() {
  isOverwritten = isOverwritten || record != 0;
  assert(!isOverwritten);               /* a stale owner writes nothing; at most one completion is valid */
  record = answer;
  owner = NOBODY; isLeased = false; count = 0; firstAge = 0
}

/* The gateway, called with the one key of all attempts: src/payment/gateway/stripe-gateway.ts, charge */
inline charge() {
  if
#ifndef NO_GATEWAY_KEY
  :: kept != 0 -> answer = kept         /* Idempotent-Replayed */
#endif
  :: else ->
     charges++;
     assert(charges <= 1);              /* no two charges with effect */
     kept = charges;
     keptSince = age;
     answer = charges
  fi
}

/* The request has ended, with or without a charge */
inline answered() {
  if
  :: isTrusted -> undecided--; isTrusted = false
  :: else
  fi
}

proctype Consumer(byte me) {
  byte answer;          /* the charge that the gateway named */
  bool isTrusted;       /* src/payment/payment.service.ts: the gateway still knows the key, if it ever did */
  bool isLast;          /* src/payment/payment.policy.ts: no attempt is left */

end_idle:
  atomic { waiting > 0 -> waiting--; holds[me] = true };

begin:                  /* libs/idempotency/src/stores/redis/begin.lua */
  if
  :: atomic {
       if
       :: record != 0 -> goto acknowledge                              /* record */
       :: record == 0 && age == 2 && count == 0 -> goto dead_letter    /* {'outside-deduplication-window'} */
       :: record == 0 && !(age == 2 && count == 0) && IS_IN_PROGRESS -> goto delay   /* {'in-progress', ...} */
       :: else ->                                                      /* 1, or {'acquired', ...} */
          acquire(true);
          believes[me] = true;
          isLast = count == MAX_ATTEMPTS;
#ifdef NO_RETENTION_GUARD
          isTrusted = true;
#else
          isTrusted = age == 0 || firstAge > 0;
#endif
          if
          :: isTrusted -> undecided++
          :: else
          fi
       fi
     }
  :: atomic {                                                          /* the same, but the answer is lost */
       lostAnswers > 0 && record == 0 && !isLeased && !(age == 2 && count == 0) ->
       lostAnswers--;
       acquire(false);
       goto release
     }
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;
#ifdef ACK_FIRST
  holds[me] = false;
#endif

check:                  /* libs/idempotency/src/engine/lease.ts, assertHeld and renew */
#ifdef STALE_CLAIM
  isJustWritten = false;
#endif
  if
  :: atomic { believes[me] && isTrusted }
  :: atomic { believes[me] && !isTrusted -> goto find }
  :: atomic { !believes[me] -> goto forsake }                          /* LeaseLostError */
#ifndef NO_OWNER_TOKEN
  :: atomic { believes[me] && !HOLDS_LEASE -> goto forsake }            /* libs/idempotency/src/stores/redis/extend.lua: 'lost' */
#endif
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;

send:                   /* a process frozen here charges without a lease: the gateway's key makes that safe */
  if
  :: atomic { charge(); answered() }
  :: atomic { failures > 0 -> failures--; answered(); goto release }             /* not charged */
  :: atomic { failures > 0 -> failures--; charge(); answered(); goto release }   /* charged, and the answer is lost */
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;

complete:               /* libs/idempotency/src/stores/redis/complete.lua, repeated by libs/idempotency/src/engine/leased-work.ts */
  if
  :: atomic { IS_MINE -> store(); goto acknowledge }                   /* 1 */
  :: atomic { !IS_MINE && record != 0 -> goto acknowledge }            /* record: the winner's answer */
  :: atomic { !IS_MINE && record == 0 -> goto delay }                  /* nil */
  :: atomic { IS_MINE && lostAnswers > 0 -> lostAnswers--; store(); goto complete }
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;

find:                   /* src/payment/gateway/stripe-gateway.ts, find: only searches, never charges */
  if
  :: atomic { charges > 0 -> answer = 1; goto complete }
  :: atomic { charges > 0 -> goto dead_letter }                        /* the search may miss it */
  :: atomic { charges == 0 -> goto dead_letter }                       /* gateway-outcome-unknown */
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;

release:                /* libs/idempotency/src/stores/redis/release.lua; a lease that it cannot release ends */
  if
  :: atomic { IS_MINE -> owner = NOBODY; isLeased = false }            /* 'released' */
  :: atomic { !IS_MINE }                                               /* 'lost' */
  :: atomic { lostAnswers > 0 && HOLDS_LEASE -> lostAnswers--; isOwnerAlive = false }   /* not even sent */
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;
  if
  :: atomic { isLast -> goto dead_letter }                             /* retries-exhausted */
  :: atomic { !isLast }
  fi;

delay:                   /* src/messaging/settlement.ts: the copy is confirmed before the original is acknowledged */
  if
  :: atomic { holds[me] -> waiting++; goto acknowledge }
  :: atomic { !holds[me] -> goto acknowledge }                         /* the consumer that has it now settles it */
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;

dead_letter:            /* src/messaging/settlement.ts */
  if
  :: atomic { isOwnerAlive && HOLDS_LEASE -> owner = NOBODY; isLeased = false }   /* released as above */
  :: atomic { !(isOwnerAlive && HOLDS_LEASE) && holds[me] -> isDeadLetter = true; goto acknowledge }
  :: atomic { !(isOwnerAlive && HOLDS_LEASE) && !holds[me] -> goto acknowledge }
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;
  goto dead_letter;

forsake:                /* the lease is lost: nothing to release */
  atomic { answered(); goto delay };

acknowledge:            /* acknowledging a message that was redelivered has no effect */
  if
  :: atomic { true -> holds[me] = false; believes[me] = false; answer = 0; isLast = false; goto end_idle }
  :: atomic { crashes > 0 -> crashes--; goto crash }
  fi;

crash:                  /* its messages are redelivered; it holds its lease until that ends */
  atomic {
    if
    :: holds[me] -> holds[me] = false; waiting++
    :: else
    fi;
    if
    :: owner == ME -> isOwnerAlive = false
    :: else
    fi;
    answered();
    believes[me] = false; isLast = false; answer = 0;
    goto end_idle
  }
}

/* The end of the lease in the claim: a lease that is not renewed ends */
proctype Expiry() {
  do
#ifdef NO_EXPIRY
  :: true -> skip
#else
  :: atomic { isLeased && !isOwnerAlive -> endLease() }
  :: else      /* time passes, so that a process that never takes a step is also a valid run */
#endif
  od
}

/* Events that may happen, but need not */
proctype Faults() {
  byte freezes = FREEZES;
  byte redeliveries = REDELIVERIES;
  byte flushes = FLUSHES;
  byte forgets = FORGETS;
  byte someone;
end:
  do
  :: atomic {
       freezes > 0 && isLeased && isOwnerAlive ->
       freezes--;
       believes[owner - 1] = false;     /* lease.ts considers the lease ended no later than Redis does */
       endLease()
     }
  :: atomic {
       redeliveries > 0 && (holds[0] || holds[1] || holds[2]) ->
       if
       :: holds[0] -> someone = 0
       :: holds[1] -> someone = 1
       :: holds[2] -> someone = 2
       fi;
       redeliveries--;
       holds[someone] = false;
       someone = 0;
       waiting++
     }
  :: atomic { flushes > 0 -> flushes--; record = 0; owner = NOBODY; isLeased = false; count = 0; firstAge = 0 }
  :: atomic { age < OLDEST -> age++ }
#ifdef NO_RETENTION_GUARD
  :: atomic { forgets > 0 && kept != 0 -> forgets--; kept = 0 }
#else
  /* a later charge is kept longer; a request takes less time to arrive than the retention's margin */
  :: atomic { forgets > 0 && kept != 0 && age == 2 && keptSince == 0 && undecided == 0 -> forgets--; kept = 0 }
#endif
  :: break
  od
}

init {
  atomic { run Consumer(0); run Consumer(1); run Consumer(2); run Expiry(); run Faults() }
}

/* ---- liveness: eventually nothing is in progress, and the payment has an outcome ---- */
#define AT_REST (waiting == 0 && !holds[0] && !holds[1] && !holds[2] && !isLeased)

ltl settled { <> [] (AT_REST && (charges == 1 || isDeadLetter)) }
