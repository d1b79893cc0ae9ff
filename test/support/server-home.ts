const variable = 'BUDGETLINE_TEST_SERVER_HOME';

/** Where the server of this test run lives: made before the first test and removed after the last one. */
export function serverHome(): string {
  const home = process.env[variable];
  if (home === undefined)
    throw new Error(`${variable} is not set: run the tests with mocha in the root of the repository`);
  return home;
}

export function nameServerHome(home: string): void {
  process.env[variable] = home;
}
