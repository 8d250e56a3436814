/* j1939.h: the J1939 source: diagnostic messages of a vehicle bus, from a recording, a feed or the bus itself.
 *
 *     j1939 engine {
 *         input = "file:/usr/share/faultline/engine.candump?speed=1"
 *         bus   = "can0"
 *     }
 *
 * INPUT, one of
 *     file:PATH[?speed=1|0]  a recording. speed=1 (usual): at the pace of its own times, stamped with the time of now.
 *                            speed=0: as fast as possible, stamped by its own distances from the moment of opening. At its
 *                            end the bus is silent.
 *     stdin                  the same text on standard input; a pipe is live, a file is a recording at speed 1
 *     tcp:ADDRESS:PORT       a live feed of the same text: the agent connects, and connects again (after 1 s, doubling
 *                            to 30 s) when the other side is away. Only loopback addresses (127.x.y.z or [::1]): the text
 *                            is neither authenticated nor encrypted
 *     can:INTERFACE          the bus itself through CAN_RAW, where the program was built WITH_CAN and the kernel has it;
 *                            the agent listens and never sends
 *
 * SYNTAX of the text, one frame a line, at most BOUND_LINE_BYTES; line ends LF or CR LF; any mixture of
 *     (1436509052.249713) can0 18FECA03#00FF00000000FFFF [R|T]     candump -l: seconds, interface, id, data
 *     can0 18FECA03#00FF00000000FFFF                               the same without time: that of the line before, or now
 *     (000.869518)  can0  18FECA03   [8]  00 FF 00 00 00 00 FF FF  candump -t a|z|d; also without the time
 *     (2020-01-07 17:02:31.120000)  can0  18FECA03   [8]  …        candump -t A, taken as UTC
 *     2021-04-23 12:22:43.322 … 12:22:43.1719 18FECA21 [8] …       RP1210 log; the frame's own time of day, taken as UTC
 * Identifiers of 8 hexadecimal digits are 29 bits. Ignored, because J1939 does not use them: 3-digit identifiers, CAN FD
 * ("##", more than 8 bytes), remote and error frames; and blank lines and lines that start with '#' or ';'. Any other
 * line is malformed: counted, the first ones logged with their number, never fatal. A frame that repeats the one before
 * it in time, interface, identifier and data is a duplicate and ignored. Small seconds count from 1970-01-01. Time
 * that steps back by less than a second stands still until it is caught up; a larger step goes on from there.
 *
 * WHAT IS READ: DM1 (65226), alone or by transport protocol (BAM, RTS/CTS), any priority: the active codes with lamps,
 * occurrence counts and conversion bit. Address claims (60928): reporters are told apart by NAME; an ECU whose claim
 * comes only after it reported codes under its mere address keeps that identity, so that one fault stays one fault; its NAME is known beside it. After a restart, who held an address with active faults is taken to hold it
 * still, until a claim says otherwise: claims are made when the ignition is turned on, not when an agent starts. Acknowledged DM11 and DM3 (59392): codes cleared, by whom. Component (65259),
 * software (65242) and ECU (64965) identification: parts and firmware, told on change. DM2, DM6, DM12, DM23, DM27 and
 * DM28 have the layout of DM1 but are answers to a tester's question, not the ECU's own report: they are not taken as
 * evidence. Nothing is ever sent. */
#ifndef FAULTLINE_J1939_H
#define FAULTLINE_J1939_H

#include "bounds.h"
#include "source.h"

enum { J1939_INPUT_BYTES = 512 };

struct j1939_settings {
    char name[BOUND_NAME + 1]; /* the section's name */
    char input[J1939_INPUT_BYTES];
    char bus[BOUND_BUS + 1]; /* what the bus is called in reports; "" = as the interface is called in the input */
};

extern const struct source_type source_j1939;

#endif
