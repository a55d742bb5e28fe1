'use strict';

const fs = require('node:fs');
const { containerHost } = require('./containers');
const { findMosquitto } = require('./machine');
const { freePort, onFreePorts } = require('./ports');
const { answersMqtt } = require('./probes');
const { programHost, startServer } = require('./server');

const name = 'mosquitto';
const image = 'eclipse-mosquitto:2';
const portInContainer = 1883;

/**
 * Starts a private Mosquitto for MQTT. Without a configuration it listens on this machine's loopback interface only and keeps
 * nothing on disk.
 * @param {string} directory for its log; created if missing
 * @returns {Promise<import('./server').Server>}
 */
async function startMosquitto(directory) {
  fs.mkdirSync(directory, { recursive: true });
  return onFreePorts(
    async () => [await freePort()],
    ([port = 0]) => startOnPort(directory, port),
  );
}

/**
 * @param {string} directory
 * @param {number} port
 */
function startOnPort(directory, port) {
  const url = `mqtt://127.0.0.1:${port}`;
  const command = findMosquitto();
  const host = command
    ? programHost({ name, command, args: ['-p', String(port)], directory })
    : containerHost({
        name,
        image,
        ports: { [portInContainer]: port },
        args: ['mosquitto', '-c', '/mosquitto-no-auth.conf'],
        directory,
      });
  return startServer({ what: 'Mosquitto', host, url, isReady: () => answersMqtt(url) });
}

module.exports = { startMosquitto };
