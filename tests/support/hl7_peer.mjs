// Receives HL7 messages with a server that others wrote: node hl7_peer.mjs FOLDER PACKAGE PORT, where FOLDER holds
// node_modules with the package (node-hl7-server or simple-hl7). Prints "ready", then one JSON line a message with
// what that server reads in it. It refuses (AR) what comes under the control id REFUSED, and simple-hl7 answers a
// question (QBP^Q11) with the order of the specimen in the acknowledgment.
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';

const [folder, name, port] = process.argv.slice(2);
const load = createRequire(path.join(path.resolve(folder), 'any.js'));
const tell = (seen) => console.log(JSON.stringify(seen));
const text = (value) => (value == null ? '' : value.toString());

if (name === 'node-hl7-server') {
  const { Server } = load(name);
  const server = new Server({ bindAddress: '127.0.0.1' });
  server.createInbound({ port: Number(port) }, async (request, response) => {
    const message = request.getMessage();
    const get = (place) => text(message.get(place));
    tell({
      control: get('MSH.10'), patient: get('PID.3.1'), family: get('PID.5.1'), placer: get('OBR.2'),
      specimen: get('SPM.2'), observations: message.toString().split('\r').filter((s) => s.startsWith('OBX')).length,
    });
    await response.sendResponse(get('MSH.10') === 'REFUSED' ? 'AR' : 'AA');
  });
} else {
  const hl7 = load(name);
  const app = hl7.tcp();
  app.use((request, response, next) => {
    const message = request.msg;
    const get = (segment, field, component) => {
      const found = segment === 'MSH' ? message.header : message.getSegment(segment);
      return found ? text(component ? found.getComponent(field, component) : found.getField(field)) : '';
    };
    const control = text(message.header.getField(8));
    const asked = message.getSegment('QPD');
    if (asked) {
      const tag = text(asked.getField(2));
      const specimen = text(asked.getField(3));
      response.ack.addSegment('QAK', tag, 'OK', 'WOS^Work Order Step^IHELAW');
      response.ack.addSegment('QPD', 'WOS^Work Order Step^IHELAW', tag, specimen);
      response.ack.addSegment('PID', '1', '', ['P-77812', '', '', 'LAB', 'PI'], '', ['Lefèvre', 'Émilie'], '', '19610714', 'F');
      response.ack.addSegment('SPM', '1', specimen);
      response.ack.addSegment('ORC', 'NW', 'O-4711');
      response.ack.addSegment('OBR', '1', 'O-4711', '', ['DIFF', 'Differential', 'L']);
      return next();
    }
    tell({
      control, patient: get('PID', 3, 1), family: get('PID', 5, 1), placer: get('OBR', 2), specimen: get('SPM', 2),
      observations: message.getSegments('OBX').length,
    });
    if (control === 'REFUSED') response.ack.getSegment('MSA').setField(1, 'AR');
    next();
  });
  app.use((request, response) => response.end());
  app.start(Number(port), 'utf8');
}

// The packages say nowhere that they listen by now.
const look = () => {
  const probe = net.connect(Number(port), '127.0.0.1', () => { probe.destroy(); console.log('ready'); });
  probe.on('error', () => setTimeout(look, 50));
};
look();
