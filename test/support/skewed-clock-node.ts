/** Preloaded into a gateway: its clock is off by SLUICE_TEST_CLOCK_MS, as after a wrong setting by hand. */

const offMs = Number(process.env["SLUICE_TEST_CLOCK_MS"]);
const now = Date.now.bind(Date);
Date.now = () => now() + offMs;
