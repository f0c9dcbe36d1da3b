/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers in packets (RFC 9293, 9260, 792, 4443), for the files of packet.h. */
#ifndef SVCROUTE_MODEL_PACKET_PARTS_H
#define SVCROUTE_MODEL_PACKET_PARTS_H

enum packet_flags {
	PACKET_FIN = 0x01,
	PACKET_SYN = 0x02,
	PACKET_RST = 0x04,
	PACKET_ACK = 0x10,
};

enum packet_chunk {
	PACKET_INIT = 1,
	PACKET_HEARTBEAT = 4,
	PACKET_ABORT = 6,
};

#define PACKET_ECHO4 8
#define PACKET_ECHO6 128

#endif
