const { default: Sequencer } = require('@jest/test-sequencer');

/** Jest judges by size what it has never run; a file that imports its parts is small. */
const LONG = [/start\.spec/, /faults\.spec/, /gate\.spec/, /road\.spec/, /kinds\.spec/, /test\/(e2e|faults|attacks)\//];
const rank = ({ path }) => {
  const at = LONG.findIndex((name) => name.test(path));
  return at < 0 ? LONG.length : at;
};

/** Long files first, so that none of them is left for the end when the other workers have nothing to do. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((left, right) => rank(left) - rank(right));
  }
};
