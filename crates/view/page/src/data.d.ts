// The data inside the page, as crates/view/src/report/data.rs serializes it. A test compares the
// keys of both files (crates/view/tests/data_contract.rs).
//
// Times are nanoseconds of virtual time since the start of the run. Text columns hold indices into
// `texts`. A "delta column" holds differences, the first one to zero.

export interface Data {
  /** Virtual time at which the run ended. */
  end: number;
  texts: string[];
  log_lines: LogLines;
  hosts: Host[];
  /** In the order of the scenario; packets name a link by its index. */
  links: Link[];
  packets: Packets;
  contexts: AccessContext[];
  marks: Mark[];
  /** Occurrences of each failure, gravest failure first. */
  failures: Occurrence[][];
}

/** The distinct lines of all Winsock.logs. */
export interface LogLines {
  text: number[];
  /** The number of the thread that wrote the line. */
  thread: number[];
  /** The index of the control block that the line is about. */
  block: (number | null)[];
}

export interface Host {
  name: string;
  build: string;
  lifetimes: Lifetime[];
  threads: Thread[];
  event_log: EventLog;
  winsock_log: WinsockLog;
}

/** One use of a control block, from its allocation to its release. */
export interface Lifetime {
  block: number;
  instance: number;
  /** The number of the thread that allocated it. */
  thread: number;
  association: number | null;
  leaked: boolean;
  to: number;
  /** Why it ended, in words. */
  end: string;
  /** Start and phase in turn; the phase is an index into `PHASES`. */
  phases: number[];
}

export interface Thread {
  number: number;
  name: string;
  /** Start and end in turn, as a delta column. */
  runs: number[];
  /** Shorter pauses, in nanoseconds, are not shown. */
  grain: number;
  /** Start and end in turn, as a delta column. */
  waits: number[];
  /** What each wait is for. */
  text: number[];
  /** The number of the thread that ended each wait; 0 for none. */
  by: number[];
}

export interface EventLog {
  /** Delta column. */
  at: number[];
  id: number[];
  /** 0 information, 1 warning, 2 error. */
  kind: number[];
  text: number[];
}

export interface WinsockLog {
  /** Delta column. */
  at: number[];
  /** Line numbers in the file; a delta column. */
  number: number[];
  /** Indices into `log_lines`. */
  line: number[];
}

export interface Link {
  name: string;
  /** Indices of its two hosts. */
  ends: number[];
  /** The ping success rate, in words. */
  pings: string;
  /** Start and end in turn. */
  outages: number[];
  /** Start and end in turn. */
  cuts: number[];
  offered: number;
  lost: number;
}

/** Columns, in the order of sending. */
export interface Packets {
  /** Delta column. */
  at: number[];
  /** Twice the index of the link, plus one if its second host sends. */
  direction: number[];
  /** Nanoseconds until it arrives; -1 if it never arrives intact. */
  latency: number[];
  text: number[];
  /** 0 for the first transmission. */
  attempt: number[];
}

/** The memory accesses around a finding of the race detector, or before an exception. */
export interface AccessContext {
  host: number;
  at: number;
  thread: number;
  title: string;
  /** The later access, and the earlier one that conflicts with it; none for an exception. */
  sides: Access[];
  /** All accesses around it, in order. */
  accesses: Access[];
  /** Index into `accesses` of the access in question. */
  faulty: number | null;
}

export interface Access {
  at: number;
  thread: number;
  /** Text: `read`, `write` and so on. */
  kind: number;
  /** Text: the name of the memory location. */
  location: number;
  address: number;
  value: number | null;
  /** Text: file and line of the modeled program. */
  site: number;
}

/** A fault, a failure, or the end of a process. */
export interface Mark {
  at: number;
  /** `null` if it concerns all hosts. */
  host: number | null;
  /** Lower ranks are shown first where space is scarce. */
  rank: number;
  text: string;
}

export interface Occurrence {
  at: number;
  host: number;
  block: BlockId | null;
  detail: string;
}

export interface BlockId {
  block: number;
  instance: number;
}
