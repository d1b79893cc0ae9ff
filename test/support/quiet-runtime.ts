import { DefaultLogger, Runtime } from '@temporalio/worker';

// Failing stages and workflows are what some tests are about; their warnings would bury the report.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'off' } },
});
