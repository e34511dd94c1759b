-- The review's own record (schema review), kept apart from the marts because it must never change
-- with them. Applied by the warehouse's bootstrap, so that the marts can read it before the first
-- review, and by lead_handoff.review.ledger before each use; every statement may run again.

create schema if not exists review;
comment on schema review is
    'The monthly review: frozen populations, drawn samples, and the log of every attempt.';
revoke all on schema review from public;

create table if not exists review.draws (
    month text primary key check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    draw_id text not null unique,
    month_start timestamptz not null,
    month_end timestamptz not null,
    time_zone text not null,
    run_as_of timestamptz not null,
    generation bigint,
    agreement_version text not null,
    policy jsonb not null,
    population_size bigint not null,
    population_sha256 text not null,
    frozen_at timestamptz not null,
    seed text,
    seed_origin text,
    drawn_at timestamptz,
    sample_size bigint,
    summary jsonb,
    manifest text,
    constraint draws_are_whole check (
        num_nonnulls(seed, seed_origin, drawn_at, sample_size, summary, manifest) in (0, 6)
    )
);
-- Replaced and not only added, so that a record of an earlier release takes a new origin, too.
alter table review.draws drop constraint if exists draws_seed_origin_check;
alter table review.draws add constraint draws_seed_origin_check
    check (seed_origin in ('system', 'agreed', 'given', 'given_with_freeze'));
comment on table review.draws is
    'One row per month: the freeze (population hash, policy), then once the draw (seed, manifest).';
comment on column review.draws.run_as_of is 'as_of of the published marts the population came from.';
comment on column review.draws.generation is 'ops.generations.generation that was published then.';
comment on column review.draws.seed_origin is
    'system: made after the freeze; agreed: the policy''s default_seed and the month; given: told '
    'after the freeze; given_with_freeze: told in the call that froze, so the population hash '
    'could not be known to others before the seed.';
comment on column review.draws.manifest is 'manifest.json as it was published, to the byte.';

-- No foreign key to draws: checking a million rows one by one would cost more than freezing them.
create table if not exists review.population (
    month text not null,
    handoff_id text collate "C" not null,
    exit_kind text not null check (exit_kind in ('rejected', 'sent_back', 'ignored', 'machine')),
    decided_at timestamptz not null,
    team text,
    tier text,
    agreement_version text,
    lead_id text,
    owner_id text,
    offered_at timestamptz,
    rejection_reason text,
    primary key (month, handoff_id)
);
comment on table review.population is
    'One row per month and handoff whose decision moment lay in the month, as it was at the freeze.';
comment on column review.population.decided_at is
    'rejected_at, sent_back_at, or for an ignored handoff the time its response fell due.';
comment on column review.population.team is 'Team of the owner at the offer; null where nobody.';

create table if not exists review.sample (
    month text not null references review.draws (month),
    handoff_id text collate "C" not null,
    case_number integer not null,
    case_token text not null unique,
    stratum text[] not null,
    rank integer not null,
    ticket text not null,
    stratum_population bigint not null,
    stratum_sample bigint not null,
    inclusion_weight numeric not null,
    evidence jsonb not null,
    primary key (month, handoff_id),
    unique (month, case_number),
    foreign key (month, handoff_id) references review.population (month, handoff_id)
);
alter table review.sample
    add column if not exists reviewers text[] not null default '{}',
    add column if not exists took_part text[] not null default '{}',
    add column if not exists extension integer not null default 0,
    add column if not exists extended_at timestamptz;
comment on table review.sample is
    'One row per drawn case; inclusion_weight = stratum_population / stratum_sample.';
comment on column review.sample.case_token is
    'Keyed pseudonym of the handoff; the only id a reviewer sees beside the case number.';
comment on column review.sample.stratum_sample is
    'Cases of the stratum by the draw or extension that brought this case; a later extension has '
    'more, see its summary.';
comment on column review.sample.extension is
    'Number of the extension that added the case; 0 for those of the draw.';
comment on column review.sample.extended_at is 'When that was; null for those of the draw.';
comment on column review.sample.reviewers is
    'User ids of the one or two reviewers of the case; empty where no roster was agreed, or where '
    'all of its reviewers took part.';
comment on column review.sample.took_part is
    'Reviewers who owned, offered, touched, accepted, rejected or sent back the handoff.';
comment on column review.sample.evidence is
    'What the case file shows, masked, as it was at the draw: files are made again from it.';

create table if not exists review.extensions (
    month text not null references review.draws (month),
    extension integer not null check (extension > 0),
    extended_at timestamptz not null,
    sample_size bigint not null,
    policy jsonb not null,
    summary jsonb not null,
    manifest text not null,
    primary key (month, extension)
);
comment on table review.extensions is
    'One row per extension of a drawn sample: same population, same seed, more cases.';
comment on column review.extensions.sample_size is 'Cases altogether, those drawn before included.';
comment on column review.extensions.policy is
    'The frozen policy with the sample_size that was asked for.';
comment on column review.extensions.manifest is
    'manifest-extension-<number>.json as it was published, to the byte.';

create table if not exists review.late_arrivals (
    month text not null references review.draws (month),
    handoff_id text collate "C" not null,
    exit_kind text not null,
    decided_at timestamptz not null,
    team text,
    tier text,
    agreement_version text,
    seen_as_of timestamptz not null,
    primary key (month, handoff_id)
);
comment on table review.late_arrivals is
    'Handoffs that belong to a month but became known after its freeze; never part of its draw.';

-- A corrected file is a newer row of the same reviewer, never a change of the older one: the newest
-- counts, both stay. Which counted at an earlier moment can so be told from accepted_at alone.
create table if not exists review.verdicts (
    verdict_id bigint generated always as identity primary key,
    month text not null,
    handoff_id text collate "C" not null,
    reviewer text not null check (reviewer <> ''),
    is_adjudication boolean not null default false,
    verdict text check (verdict in ('valid', 'invalid', 'cannot_tell')),
    cause text,
    remedy text,
    comment text,
    accepted_at timestamptz not null default clock_timestamp(),
    file_name text not null,
    file_sha256 text not null check (file_sha256 ~ '^[0-9a-f]{64}$'),
    supersedes bigint unique references review.verdicts (verdict_id),
    foreign key (month, handoff_id) references review.sample (month, handoff_id),
    constraint verdicts_supersede_earlier_ones check (supersedes < verdict_id)
);
create index if not exists verdicts_by_case on review.verdicts (month, handoff_id);
comment on table review.verdicts is
    'One row per verdict that was accepted; of one reviewer''s rows on a case the newest counts.';
comment on column review.verdicts.is_adjudication is
    'The verdict that decides where reviewers differ; kept apart from the adjudicator''s own review.';
comment on column review.verdicts.verdict is
    'valid: right under the definition in force; null: taken back by a corrected file.';
comment on column review.verdicts.comment is
    'Free text of the reviewer: stays here, the marts never read it.';
comment on column review.verdicts.file_sha256 is 'SHA-256 of the file that the verdict came in.';
comment on column review.verdicts.supersedes is
    'The same reviewer''s verdict that this one replaces; null for the first.';

create table if not exists review.log (
    entry bigint generated always as identity primary key,
    month text not null,
    at timestamptz not null,
    event text not null,
    detail jsonb not null,
    previous_sha256 text not null,
    sha256 text not null unique
);
comment on table review.log is
    'Append-only: each attempt, also refused ones; every entry holds the hash of the one before.';

create or replace function review.refuse_change() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'review.% is a record and is never changed', tg_table_name
        using errcode = 'HF101', hint = 'A draw stands as it was made; note errors in the log.';
end
$$;

create or replace function review.refuse_second_draw() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if old.seed is not null
        or (old.month, old.draw_id, old.month_start, old.month_end, old.time_zone, old.run_as_of,
            old.agreement_version, old.policy, old.population_size, old.population_sha256,
            old.frozen_at)
        is distinct from
           (new.month, new.draw_id, new.month_start, new.month_end, new.time_zone, new.run_as_of,
            new.agreement_version, new.policy, new.population_size, new.population_sha256,
            new.frozen_at)
    then
        raise exception 'review.draws: month % is frozen and is drawn once', old.month
            using errcode = 'HF101', hint = 'A draw stands as it was made; note errors in the log.';
    end if;
    return new;
end
$$;

create or replace trigger population_is_frozen
    before update or delete or truncate on review.population
    for each statement execute function review.refuse_change();
create or replace trigger sample_is_frozen
    before update or delete or truncate on review.sample
    for each statement execute function review.refuse_change();
create or replace trigger extensions_are_kept
    before update or delete or truncate on review.extensions
    for each statement execute function review.refuse_change();
create or replace trigger late_arrivals_are_frozen
    before update or delete or truncate on review.late_arrivals
    for each statement execute function review.refuse_change();
create or replace trigger verdicts_are_kept
    before update or delete or truncate on review.verdicts
    for each statement execute function review.refuse_change();
create or replace trigger log_is_append_only
    before update or delete or truncate on review.log
    for each statement execute function review.refuse_change();
create or replace trigger draws_are_kept
    before delete or truncate on review.draws
    for each statement execute function review.refuse_change();
create or replace trigger draws_happen_once
    before update on review.draws
    for each row execute function review.refuse_second_draw();
