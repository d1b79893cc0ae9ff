import type { LoweredModel } from '../graph';
import { openSession, type Session, type SessionOptions } from '../runtime';
import type { StreamShape } from '../model/stream';

/** Sessions by what they compute and at which shape, opened when first needed and kept. */
export class SessionShelf {
  private readonly opened = new Map<string, Promise<Session>>();

  constructor(private readonly options: SessionOptions) {}

  get(name: string, shape: StreamShape | null, build: () => LoweredModel): Promise<Session> {
    const key = shape === null ? name : `${name} ${JSON.stringify(shape)}`;
    let session = this.opened.get(key);
    if (session === undefined) {
      session = openSession(build().bytes, this.options);
      this.opened.set(key, session);
    }
    return session;
  }

  /** Closes all of them, or those of a name. */
  async release(name = ''): Promise<void> {
    const chosen = [...this.opened].filter(([key]) => key.startsWith(name));
    for (const [key] of chosen) this.opened.delete(key);
    // One that failed to open has nothing to release.
    for (const session of await Promise.allSettled(chosen.map(([, opening]) => opening)))
      if (session.status === 'fulfilled') await session.value.release();
  }
}
