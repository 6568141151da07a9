// Writes random recurrences, times and zones, and what must become of them,
// one a line for COPY:
//
//	recurrence, time zone, after, expected, refused
//
// What is expected comes from github.com/robfig/cron, which is what CockroachDB
// uses, and from Go's own time zones.  Where cancel_job means to differ from that
// library, this program says what is right by a search of its own, and stops if
// the two differ for any other reason.  The differences:
//
// When the clock is put forward, the library leaves out what falls into the
// gap; cancel_job runs it once, at the end of the gap.  When the clock is put
// back, the library runs twice what comes twice; cancel_job once.  A schedule
// for every hour goes by elapsed time in both.  The library begins its search at
// the start of a day or a month, and errs if that or any later step falls into
// a change: it skips months, or even answers a time that is over.
//
// The library gives up after five years; from 2096 to 2104, and from 1896 to
// 1904, 29 February is further away.
//
// Where a zone leaves out a whole day, as Samoa did in 2011, the library never
// comes to an end.
//
// The library accepts, and cancel_job refuses: a sign before a number (+5), an
// empty member of a list (1,,2), a range that begins with a star (*-5), a date
// that never comes (30 February), an empty zone (TZ=), and intervals that are
// no whole number of seconds or below one, which the library rounds.
//
// The library refuses, and cancel_job accepts: white space at either end, and
// more than one space after TZ= or @every.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"robfig/cron"
)

const (
	minute   = int64(60)
	hour     = int64(3600)
	day      = int64(86400)
	starBit  = uint64(1) << 63
	allHours = uint64(1)<<24 - 1
)

// Zones whose clocks do something that others' do not: change at midnight, by
// half an hour, by a day, twice a year around Ramadan, or never.
var zoneNames = []string{
	"UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Moscow",
	"Europe/Istanbul", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
	"America/Havana", "America/Santiago", "America/Asuncion", "America/Caracas",
	"America/Nuuk", "America/Scoresbysund", "Africa/Casablanca", "Africa/Cairo",
	"Asia/Beirut", "Asia/Amman", "Asia/Gaza", "Asia/Tehran", "Asia/Kathmandu",
	"Asia/Kolkata", "Asia/Pyongyang", "Asia/Manila", "Atlantic/Azores",
	"Antarctica/Troll", "Antarctica/Casey", "Australia/Lord_Howe",
	"Australia/Sydney", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham",
	"Pacific/Auckland", "Pacific/Norfolk",
}

// Since then all offsets have been whole minutes, on which the search relies.
var (
	firstTime = time.Date(1973, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastTime  = time.Date(2110, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow |
	cron.Descriptor)

var rnd *rand.Rand

var zones []zone

func pick(choices ...string) string {
	return choices[rnd.Intn(len(choices))]
}

// One of five fields, as the dialect allows.
type field struct {
	min, max int
	names    []string
}

var fields = []field{
	{0, 59, nil},
	{0, 23, nil},
	{1, 31, nil},
	{1, 12, strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")},
	{0, 6, strings.Fields("SUN MON TUE WED THU FRI SAT")},
}

func randomCase(s string) string {
	if rnd.Intn(2) == 0 {
		return strings.ToLower(s)
	}
	return s
}

func randomValue(f field, low int) (string, int) {
	v := low + rnd.Intn(f.max-low+1)
	if f.names != nil && rnd.Intn(3) == 0 {
		return randomCase(f.names[v-f.min]), v
	}
	if rnd.Intn(20) == 0 {
		return fmt.Sprintf("%03d", v), v
	}
	return strconv.Itoa(v), v
}

func randomRange(f field) string {
	var s string
	kind := rnd.Intn(10)
	switch {
	case kind < 2:
		s = pick("*", "?")
	case kind < 7:
		s, _ = randomValue(f, f.min)
	default:
		low, v := randomValue(f, f.min)
		high, _ := randomValue(f, v)
		s = low + "-" + high
	}
	if rnd.Intn(5) == 0 {
		s += "/" + strconv.Itoa(1+rnd.Intn(f.max+3))
	}
	return s
}

func randomField(f field) string {
	if rnd.Intn(3) == 0 {
		return pick("*", "*", "?")
	}
	s := randomRange(f)
	for rnd.Intn(3) == 0 {
		s += "," + randomRange(f)
	}
	return s
}

func randomEvery() string {
	s := "@every "
	for i := 0; i < 1+rnd.Intn(3); i++ {
		switch rnd.Intn(6) {
		case 0:
			s += fmt.Sprintf("%d.%dh", rnd.Intn(100), rnd.Intn(10))
		case 1:
			s += fmt.Sprintf(".%dm", rnd.Intn(10))
		case 2:
			s += fmt.Sprintf("%d%s", 1000*rnd.Intn(5)+500*rnd.Intn(2), pick("ms", "us", "ns"))
		default:
			s += fmt.Sprintf("%d%s", rnd.Intn(200), pick("h", "m", "s"))
		}
	}
	return s
}

// A recurrence that is one, or has a single fault.
func randomRecurrence() string {
	switch rnd.Intn(40) {
	case 0:
		return pick("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight",
			"@hourly")
	case 1:
		return mutate(randomEvery(), 4)
	case 2:
		return pick("0 0 29 2 *", "59 23 31 */5 ?", "30 2 * * *", "30 1 * * *",
			"0 0 29 feb ?", "15 0 * * *", "0,30 0-3 * * *", "* 2 * * *")
	}
	var all []string
	for _, f := range fields {
		all = append(all, randomField(f))
	}
	return mutate(strings.Join(all, pick(" ", " ", " ", "  ", "\t")), 8)
}

// Spoils one recurrence in so many, perhaps.
func mutate(s string, one int) string {
	const bytes = "0123456789*?/-,+@ .#LWjanhms"

	if rnd.Intn(one) != 0 {
		return s
	}
	at := rnd.Intn(len(s))
	b := string(bytes[rnd.Intn(len(bytes))])
	switch rnd.Intn(3) {
	case 0:
		return s[:at] + s[at+1:]
	case 1:
		return s[:at] + b + s[at:]
	}
	return s[:at] + b + s[at+1:]
}

// A time, half of them close to a change of the zone's clock.
func randomAfter(z *zone) time.Time {
	t := time.Unix(firstTime+rnd.Int63n(lastTime-firstTime), 0)
	if len(z.changes) > 0 && rnd.Intn(2) == 0 {
		near := hour
		if rnd.Intn(2) == 0 {
			near = 30 * hour
		}
		t = time.Unix(z.changes[rnd.Intn(len(z.changes))]+rnd.Int63n(2*near)-near, 0)
		if t.Unix() > lastTime {
			t = time.Unix(lastTime, 0)
		}
	}
	switch rnd.Intn(4) {
	case 0:
		t = t.Truncate(time.Minute)
	case 1:
		t = t.Add(time.Duration(rnd.Intn(1000000)) * time.Microsecond)
	}
	return t
}

// The library, made to answer also where it panics.
func parse(s string) (schedule cron.Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return parser.Parse(s)
}

var (
	signed      = regexp.MustCompile(`(^|[\s,/-])\+`)
	emptyMember = regexp.MustCompile(`,,|(^|\s),|,($|\s)`)
	starRange   = regexp.MustCompile(`[*?]-`)
	emptyZone   = regexp.MustCompile(`^(CRON_)?TZ=(\s|$)`)
)

// Why cancel_job refuses what the library accepts; "" if it does not.
func stricter(s string, schedule cron.Schedule) string {
	if emptyZone.MatchString(s) {
		return "empty zone"
	}
	if strings.HasPrefix(s, "@every") {
		d, _ := time.ParseDuration(s[len("@every "):])
		if signed.MatchString(s) || d < time.Second || d%time.Second != 0 {
			return "no whole seconds"
		}
		return ""
	}
	switch {
	case signed.MatchString(s):
		return "sign"
	case emptyMember.MatchString(s):
		return "empty member"
	case starRange.MatchString(s):
		return "star range"
	}
	if spec, ok := schedule.(*cron.SpecSchedule); ok && never(spec) {
		return "never"
	}
	return ""
}

// Is there no matching day in eight years around a leap day?
func never(spec *cron.SpecSchedule) bool {
	for d := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2028; d = d.AddDate(0, 0, 1) {
		if dayMatches(spec, d.Unix()) {
			return false
		}
	}
	return true
}

func has(bits uint64, n int) bool {
	return bits&(1<<uint(n)) != 0
}

// Wall-clock times are seconds since 1970 too, as if the clock were in UTC.
func dayMatches(spec *cron.SpecSchedule, wall int64) bool {
	t := time.Unix(wall, 0).UTC()
	if !has(spec.Month, int(t.Month())) {
		return false
	}
	dom, dow := has(spec.Dom, t.Day()), has(spec.Dow, int(t.Weekday()))
	if (spec.Dom|spec.Dow)&starBit != 0 {
		return dom && dow
	}
	return dom || dow
}

func offsetAt(t int64, loc *time.Location) int64 {
	_, offset := time.Unix(t, 0).In(loc).Zone()
	return int64(offset)
}

// A zone, and when its clock is put forward or back.
type zone struct {
	name    string
	loc     *time.Location
	changes []int64
}

// Looks for changes day by day, then for the second.  (Time.ZoneBounds() would
// tell, but in Go 1.19 not at the end of a leap year.)
func loadZone(name string) zone {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	z := zone{name, loc, nil}
	for t := firstTime - 10*day; t < lastTime+10*366*day; t += day {
		low, high := t, t+day
		if offsetAt(low, loc) == offsetAt(high, loc) {
			continue
		}
		for low+1 < high {
			mid := (low + high) / 2
			if offsetAt(mid, loc) == offsetAt(t, loc) {
				low = mid
			} else {
				high = mid
			}
		}
		z.changes = append(z.changes, high)
	}
	return z
}

// The changes from one time to another.
func (z *zone) changesBetween(from, to int64) []int64 {
	i := sort.Search(len(z.changes), func(i int) bool { return z.changes[i] >= from })
	j := sort.Search(len(z.changes), func(j int) bool { return z.changes[j] > to })
	if i > j {
		return nil
	}
	return z.changes[i:j]
}

// The offsets of the days around a time, in ascending order.
func (z *zone) offsetsAround(t int64) []int64 {
	offsets := []int64{offsetAt(t-2*day, z.loc)}
	for _, change := range z.changesBetween(t-2*day, t+2*day) {
		offsets = append(offsets, offsetAt(change, z.loc))
	}
	sort.Slice(offsets, func(i, j int) bool { return offsets[i] < offsets[j] })
	return offsets
}

// When the clock shows this, for the first time if twice; if never, when it
// first shows more.
func (z *zone) firstShown(wall int64) int64 {
	offsets := z.offsetsAround(wall)
	for i := len(offsets) - 1; i >= 0; i-- {
		if offsetAt(wall-offsets[i], z.loc) == offsets[i] {
			return wall - offsets[i]
		}
	}
	low, high := wall-2*day, wall+2*day
	for low+1 < high {
		mid := (low + high) / 2
		if mid+offsetAt(mid, z.loc) >= wall {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

func floor(n, by int64) int64 {
	return n - ((n%by)+by)%by
}

// The next run of a schedule that is not for every hour: the matching
// wall-clock times, one after the other.
func nextByWallClock(spec *cron.SpecSchedule, after int64, z *zone) int64 {
	first := after + z.offsetsAround(after)[0]
	for date := floor(first, day); ; date += day {
		if !dayMatches(spec, date) {
			continue
		}
		for h := 0; h < 24; h++ {
			if !has(spec.Hour, h) || date+int64(h+1)*hour <= first {
				continue
			}
			for m := 0; m < 60; m++ {
				wall := date + int64(h)*hour + int64(m)*minute
				if !has(spec.Minute, m) || wall < first {
					continue
				}
				if t := z.firstShown(wall); t > after {
					return t
				}
			}
		}
	}
}

// The next run of a schedule for every hour: minute by minute, but for days
// that do not match and in which the clock is left alone.
func nextByElapsedTime(spec *cron.SpecSchedule, after int64, z *zone) int64 {
	for t := floor(after, minute) + minute; ; t += minute {
		wall := t + offsetAt(t, z.loc)
		if !dayMatches(spec, wall) && len(z.changesBetween(t, t+day)) == 0 {
			t = floor(wall, day) + day - (wall - t) - minute
			continue
		}
		left := wall
		if len(z.changesBetween(t, t)) > 0 {
			left = t + offsetAt(t-minute, z.loc)
		}
		if left > wall || (wall-left)%hour == 0 {
			left = wall
		}
		for ; left <= wall; left += minute {
			if has(spec.Minute, int(left/minute%60)) && dayMatches(spec, left) {
				return t
			}
		}
	}
}

// Do the two agree, or is there one of the reasons named at the top?
func explained(after int64, lib time.Time, right int64, z *zone) bool {
	to := right
	if lib.IsZero() {
		if right > time.Unix(after, 0).AddDate(5, 0, 0).Unix() {
			return true
		}
	} else if lib.Unix() > right {
		to = lib.Unix()
	}
	return lib.Unix() == right || len(z.changesBetween(after-32*day, to)) > 0
}

var count = map[string]int{}

// The line of one case.
func writeCase(out *bufio.Writer) {
	z := &zones[rnd.Intn(len(zones))]
	name := z.name
	after := randomAfter(z)
	recurrence := randomRecurrence()
	zoneColumn := name

	// one space for any white space; the zone goes into the text for the library
	text := strings.Join(strings.Fields(recurrence), " ")
	schedule, err := parse(text)
	if err == nil && !strings.HasPrefix(text, "@every") {
		schedule, err = parse("TZ=" + name + " " + text)
	}
	if rnd.Intn(4) == 0 {
		recurrence = pick("TZ=", "CRON_TZ=") + name + pick(" ", "  ") + recurrence
		zoneColumn = `\N`
	}

	expected, refused := `\N`, err != nil
	if err == nil {
		if reason := stricter(text, schedule); reason != "" {
			refused = true
			count["refused, "+reason]++
		} else {
			expected = nextOf(schedule, after, z, recurrence)
		}
	} else {
		count["refused by both"]++
	}
	fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%t\n", strings.ReplaceAll(recurrence, "\t", `\t`), zoneColumn,
		after.UTC().Format("2006-01-02 15:04:05.999999+00"), expected, refused)
}

// Does the clock leave out a whole day between two times?
func (z *zone) leavesOutDay(from, to int64) bool {
	for _, change := range z.changesBetween(from, to) {
		if offsetAt(change, z.loc)-offsetAt(change-1, z.loc) > 12*hour {
			return true
		}
	}
	return false
}

// What is expected of a schedule that both accept.
func nextOf(schedule cron.Schedule, after time.Time, z *zone, what string) string {
	spec, ok := schedule.(*cron.SpecSchedule)
	if !ok {
		count["interval"]++
		return format(schedule.Next(after).Unix())
	}
	search := nextByWallClock
	if spec.Hour&allHours == allHours {
		search = nextByElapsedTime
	}
	right := search(spec, after.Unix(), z)
	if z.leavesOutDay(after.Unix()-day, right+6*366*day) {
		count["the library hangs"]++
		return format(right)
	}
	lib := schedule.Next(after.In(z.loc))
	if !explained(after.Unix(), lib, right, z) {
		fmt.Fprintf(os.Stderr, "%q in %s after %s: the library says %s, the search %s\n", what,
			z.name, after.In(z.loc), lib.In(z.loc), time.Unix(right, 0).In(z.loc))
		os.Exit(1)
	}
	switch {
	case lib.IsZero():
		count["more than five years"]++
	case lib.Unix() != right:
		count["clock changes"]++
	default:
		count["same as the library"]++
	}
	return format(right)
}

// As COPY reads a time.
func format(t int64) string {
	return time.Unix(t, 0).UTC().Format("2006-01-02 15:04:05+00")
}

func main() {
	seed, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err != nil {
		panic(err)
	}
	cases, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	rnd = rand.New(rand.NewSource(seed))
	for _, name := range zoneNames {
		zones = append(zones, loadZone(name))
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for i := 0; i < cases; i++ {
		writeCase(out)
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
	var names []string
	for name := range count {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(os.Stderr, "%9d %s\n", count[name], name)
	}
}
