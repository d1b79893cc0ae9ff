import type { LoweredModel } from '../graph';
import { openSession, type Session, type SessionOptions } from '../runtime';
import type { PackedShape } from '../model/packed-decoder';

/** Keeps sessions by name and shape. Each is opened on first use. */
export class SessionCache {
  private readonly sessions = new Map<string, Promise<Session>>();

  constructor(private readonly options: SessionOptions) {}

  get(name: string, shape: PackedShape | null, build: () => LoweredModel): Promise<Session> {
    const key = shape === null ? name : `${name} ${JSON.stringify(shape)}`;
    let session = this.sessions.get(key);
    if (session === undefined) {
      session = openSession(build().bytes, this.options);
      this.sessions.set(key, session);
    }
    return session;
  }

  /** Closes all sessions whose key starts with `name`. Default: all. */
  async release(name = ''): Promise<void> {
    const chosen = [...this.sessions].filter(([key]) => key.startsWith(name));
    for (const [key] of chosen) this.sessions.delete(key);
    // A session that failed to open has nothing to release.
    for (const session of await Promise.allSettled(chosen.map(([, opening]) => opening)))
      if (session.status === 'fulfilled') await session.value.release();
  }
}
