import { DefaultLogger, Runtime } from '@temporalio/worker';

// Some tests make stages and workflows fail; their warnings would hide the report.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'off' } },
});
