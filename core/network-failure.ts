const setOf = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Codes of Node, undici and axios for connections that failed. */
const codes = setOf(
  'ECONNRESET ECONNREFUSED ECONNABORTED EPIPE ETIMEDOUT ESOCKETTIMEDOUT ENOTFOUND EAI_AGAIN ' +
    'EAI_NODATA EAI_FAIL EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENETRESET EADDRNOTAVAIL EPROTO ' +
    'ENOTCONN ERR_NETWORK ERR_STREAM_PREMATURE_CLOSE ERR_SOCKET_CLOSED ERR_SOCKET_CONNECTION_TIMEOUT ' +
    'ERR_HTTP2_SESSION_ERROR ERR_HTTP2_STREAM_ERROR ERR_TLS_HANDSHAKE_TIMEOUT UND_ERR_CONNECT_TIMEOUT ' +
    'UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT UND_ERR_SOCKET UND_ERR_CLOSED UND_ERR_DESTROYED ' +
    'UND_ERR_ABORTED HPE_INVALID_EOF_STATE',
);

/** Classes of aborted and timed-out calls, and of clients whose connection failed. */
const classes = setOf(
  'AbortError TimeoutError APIConnectionError APIConnectionTimeoutError APIUserAbortError ' +
    'ConnectTimeoutError HeadersTimeoutError BodyTimeoutError SocketError',
);

/** Texts of clients whose errors may have no code and no cause, alone or after "… failed: ". */
const words = /(?:^|: )(?:fetch failed|failed to fetch|network error|socket hang up|connection error)\.?$/i;

/** HTTP statuses of transient failures below 500. */
const transient = new Set([408, 409, 425, 429]);

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** The error, its causes, and the errors that it collects, e.g. one for each address of a host. Each once. */
function chainOf(error: unknown, seen = new Set()): unknown[] {
  if (error === undefined || error === null || seen.has(error)) return [];
  seen.add(error);
  if (!isObject(error)) return [error];
  const collected: unknown[] = Array.isArray(error['errors']) ? error['errors'] : [];
  return [error, ...[error['cause'], ...collected].flatMap((each) => chainOf(each, seen))];
}

/** A code in the text of an error that wraps another one: "request failed: connect ECONNREFUSED 127.0.0.1:80". */
const codeIn = (text: string): string | undefined =>
  text.match(/\b(?:E|ERR_|UND_ERR_)[A-Z_]+\b/g)?.find((word) => codes.has(word));

const codeOf = (error: unknown): string | undefined =>
  isObject(error) && typeof error['code'] === 'string' && codes.has(error['code'])
    ? error['code']
    : undefined;

function wordOf(error: unknown): string | undefined {
  if (typeof error === 'string') return codeIn(error) ?? (words.test(error) ? error : undefined);
  if (!isObject(error)) return undefined;
  const { name, message } = error;
  const { constructor: made } = error as { readonly constructor?: { readonly name?: unknown } };
  const known = [name, made?.name].find(
    (each): each is string => typeof each === 'string' && classes.has(each),
  );
  if (known !== undefined) return known;
  // The body of a reply of fetch that ended early.
  if (name === 'TypeError' && message === 'terminated') return 'terminated';
  return typeof message === 'string' ? wordOf(message) : undefined;
}

/** The HTTP status that an error of a client has. */
export function statusOf(error: unknown): number | undefined {
  const statuses = chainOf(error).flatMap((each) => {
    if (!isObject(each)) return [];
    const { status, statusCode, response } = each;
    return [status, statusCode, isObject(response) ? response['status'] : undefined];
  });
  return statuses.find((each): each is number => Number.isInteger(each) && (each as number) >= 400);
}

/** Why a call may succeed when it is repeated: the failure of its network, in a word; undefined for other errors. */
export function networkFailure(error: unknown): string | undefined {
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || transient.has(status) ? `status ${status}` : undefined;
  const chain = chainOf(error);
  return [...chain.map(codeOf), ...chain.map(wordOf)].find((word) => word !== undefined);
}
