//! One history of events in every form that is read, in both orders, all encodings and line ends.

use jiff::civil::{DateTime, date};
use proptest::prelude::*;

use super::*;

/// The heading, and what one event looks like. `{id}` is the id, the other words in braces are in
/// [`written`].
const FORMS: &[(&str, &str)] = &[
    // Articles.
    (
        "",
        "Event ID: {id}\nSource: MSExchangeMTA\nDate: {us} {am}\n\n",
    ),
    (
        "",
        "Event ID {id}\nDate: {iso} {clock}\nDescription: x\nand {noise}\n",
    ),
    (
        "",
        "Source: MSExchangeMTA\nEvent ID: {id}\nDate: {english}\n\n",
    ),
    // The clipboard of Windows 2000, XP and 2003.
    (
        "",
        "Event Type:\tError\nEvent Source:\tMSExchangeMTA\nEvent Category:\tX.400 Service \n\
         Event ID:\t{id}\nDate:\t\t{us}\nTime:\t\t{am}\nUser:\t\tN/A\nComputer:\tPARIS\n\
         Description:\n{noise}\n\nFor more information, see Help.\n\n",
    ),
    (
        "",
        "Event Type\tError\nEvent Source\tMSExchangeMTA\nEvent Category\tX.400 Service\nEvent ID\t{id}\n\
         Date\t{us}\nTime\t{am}\nUser\tN/A\nComputer\tPARIS\nDescription:\n{noise}\n\n",
    ),
    (
        "",
        "Event Type      Error\nEvent Source    MSExchangeMTA\nEvent ID        {id}\nDate            {us}\n\
         Time            {am}\nComputer        PARIS\n\n",
    ),
    (
        "",
        "Ereignistyp:\tFehler\nEreignisquelle:\tMSExchangeMTA\nEreigniskategorie:\tX.400-Dienst\n\
         Ereigniskennung:\t{id}\nDatum:\t\t{dots}\nZeit:\t\t{clock}\nBenutzer:\tNicht zutreffend\n\
         Computer:\tPARIS\nBeschreibung:\n{noise}\n\n",
    ),
    (
        "",
        "Type de l'événement :\tErreur\nSource de l'événement :\tMSExchangeMTA\n\
         Catégorie de l'événement :\tService\nID de l'événement :\t{id}\nDate :\t\t{day first}\n\
         Heure :\t\t{clock}\nUtilisateur :\tN/A\nOrdinateur :\tPARIS\nDescription :\n{noise}\n\n",
    ),
    (
        "",
        "Tipo de suceso:\tError\nOrigen del suceso:\tMSExchangeMTA\nCategoría del suceso:\tX\n\
         Id. suceso:\t{id}\nFecha:\t\t{day first}\nHora:\t\t{clock}\nUsuario:\tN/D\nEquipo:\tPARIS\n\
         Descripción:\n{noise}\n\n",
    ),
    (
        "",
        "Tipo evento:\tErrore\nOrigine evento:\tMSExchangeMTA\nCategoria evento:\tX\nID evento:\t{id}\n\
         Data:\t\t{day first}\nOra:\t\t{dotted clock}\nUtente:\tN/D\nComputer:\tPARIS\nDescrizione:\n{noise}\n\n",
    ),
    (
        "",
        "Gebeurtenistype:\tFout\nGebeurtenisbron:\tMSExchangeMTA\nGebeurteniscategorie:\tX\n\
         Gebeurtenis-ID:\t{id}\nDatum:\t\t{day first dashes}\nTijd:\t\t{clock}\nGebruiker:\tn.v.t.\n\
         Computer:\tPARIS\nBeschrijving:\n{noise}\n\n",
    ),
    // The clipboard of Vista and later.
    (
        "",
        "Log Name:      Application\nSource:        MSExchangeMTA\nDate:          {us} {am}\n\
         Event ID:      {id}\nTask Category: (2)\nLevel:         Warning\nKeywords:      Classic\n\
         User:          N/A\nComputer:      paris.org.com\nDescription:\n{noise}\nEvent Xml:\n\
         <Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">\n  <System>\n\
         \x20   <EventID Qualifiers=\"32768\">{id}</EventID>\n  </System>\n</Event>\n",
    ),
    (
        "",
        "Protokollname: Application\nQuelle:        MSExchangeMTA\nDatum:         {dots} {clock}\n\
         Ereignis-ID:   {id}\nAufgabenkategorie:(2)\nEbene:         Warnung\nComputer:      PARIS\n\
         Beschreibung:\n{noise}\n\n",
    ),
    (
        "",
        "Nom du journal :Application\nSource :       MSExchangeMTA\nDate :         {day first} {clock}\n\
         ID de l’événement :{id}\nNiveau :       Avertissement\nOrdinateur :   PARIS\nDescription :\n\
         {noise}\n\n",
    ),
    // `wevtutil qe Application /f:text`.
    (
        "",
        "Event[{number}]:\n  Log Name: Application\n  Source: MSExchangeMTA\n  Date: {iso}T{clock}.000\n\
         \x20 Event ID: {id}\n  Task: X.400 Service\n  Level: Warning\n  Opcode: N/A\n  Keyword: Classic\n\
         \x20 User: N/A\n  User Name: N/A\n  Computer: PARIS\n  Description: \n{noise}\n\n",
    ),
    // `Get-EventLog | Format-List *`, without the star, and `Get-WinEvent | Format-List`.
    (
        "",
        "EventID            : {id}\nMachineName        : PARIS\nData               : {}\n\
         Index              : {number}\nCategory           : (2)\nEntryType          : Warning\n\
         Message            : a\n                     Source: other\nSource             : MSExchangeMTA\n\
         InstanceId         : {long id}\nTimeGenerated      : {us} {am}\n\
         TimeWritten        : {us} {am}\nUserName           : \n\n",
    ),
    (
        "",
        "Index              : {number}\nEntryType          : Warning\nInstanceId         : {long id}\n\
         Message            : a\n                     Date: 1/1/1999\n\nCategory           : (2)\n\
         Source             : MSExchangeMTA\nTimeGenerated      : {day first} {clock}\n\
         TimeWritten        : {day first} {clock}\n\n\n",
    ),
    (
        "",
        "TimeCreated  : {us} {am}\nProviderName : MSExchangeMTA\nId           : {id}\n\
         Message      : a\n               Id: 7\n\n\n",
    ),
    // `wmic ntevent get /format:list`.
    (
        "",
        "Category=2\nComputerName=PARIS\nEventCode={id}\nEventIdentifier={long id}\nLogfile=Application\n\
         Message=a\nRecordNumber={number}\nSourceName=MSExchangeMTA\nTimeGenerated={wmi}\nTimeWritten={wmi}\n\
         Type=warning\n\n\n",
    ),
    // `eventquery.vbs /fo list`, `table` and `csv`.
    (
        "",
        "Type:           Warning\nEvent:          {id}\nDate Time:      {us} {am}\nSource:         MSExchangeMTA\n\
         ComputerName:   PARIS\n\n",
    ),
    (
        "Type          Event  Date Time               Source            ComputerName\n\
         ------------- ------ ----------------------- ----------------- ---------------\n",
        "Warning       {id:6} {us-am:23} MSExchangeMTA     PARIS\n",
    ),
    (
        "\"Type\",\"Event\",\"Date Time\",\"Source\",\"ComputerName\"\n",
        "\"Warning\",\"{id}\",\"{us} {am}\",\"MSExchangeMTA\",\"PARIS\"\n",
    ),
    // `psloglist`, without and with -s.
    (
        "",
        "[{number}] MSExchangeMTA\n   Type:     WARNING\n   Computer: PARIS\n   Time:     {us} {am}   ID:       {id}\n\
         {noise}\n\n",
    ),
    (
        "",
        "{number},Application,MSExchangeMTA,WARNING,PARIS,{us} {am},{id},None,x\n",
    ),
    // `dumpel -t` and `-c`.
    ("", "{us}\t{am}\t2\t2\t{id}\tMSExchangeMTA\tN/A\tPARIS\tx\n"),
    ("", "{us},{am},2,2,{id},MSExchangeMTA,N/A,PARIS,x\n"),
    // Event Viewer of NT 4.0 to 2003, saved as text and as CSV, and the latter with a heading.
    (
        "",
        "{us}\t{am}\tMSExchangeMTA\tError\tX.400 Service \t{id}\tN/A\tPARIS\tA text, with 2 commas\n",
    ),
    (
        "",
        "{us},{am},MSExchangeMTA,Error,X.400 Service ,{id},N/A,PARIS,\"A text\n{noise}\n1,2,3,4,5,6\"\n",
    ),
    (
        "Datum;Zeit;Quelle;Typ;Kategorie;Ereignis;Benutzer;Computer;Beschreibung\n",
        "{dots};{clock};MSExchangeMTA;Fehler;(2);{id};N/V;PARIS;a, b, c, d, e, f\n",
    ),
    // Event Viewer of Vista and later, saved as CSV in three languages.
    (
        "Level,Date and Time,Source,Event ID,Task Category\n",
        "Warning,{us} {am},MSExchangeMTA,{id},(2),\"A text\nof two lines\"\n",
    ),
    (
        "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\n",
        "Warnung,{dots} {clock},MSExchangeMTA,{id},(2),x\n",
    ),
    (
        "Niveau,Date et heure,Source,ID de l’événement,Catégorie de la tâche\n",
        "Avertissement,{day first} {clock},MSExchangeMTA,{id},(2),x\n",
    ),
    (
        "Niveau,Datum en tijd,Bron,Gebeurtenis-id,Taakcategorie\n",
        "Waarschuwing,{day first dashes} {clock},MSExchangeMTA,{id},(2),x\n",
    ),
    // Tables of `psql` and of Markdown.
    (
        " event_id |    time_generated   |    source     \n----------+---------------------+---------------\n",
        " {id:6}   | {iso} {clock} | MSExchangeMTA\n",
    ),
    (
        "| Date | Event ID | Source |\n|------|---------:|:-------|\n",
        "| {iso} {clock} | {id} | MSExchangeMTA |\n",
    ),
    // `wmic ntevent get` of some properties.
    (
        "EventCode  SourceName     TimeGenerated              \n",
        "{id:6}     MSExchangeMTA  {wmi}  \n",
    ),
    // `Export-Csv` of `Get-EventLog` and of `Get-WinEvent`, whose message comes first.
    (
        "#TYPE System.Diagnostics.EventLogEntry\n\"EventID\",\"MachineName\",\"Data\",\"Index\",\"Category\",\
         \"CategoryNumber\",\"EntryType\",\"Message\",\"Source\",\"ReplacementStrings\",\"InstanceId\",\
         \"TimeGenerated\",\"TimeWritten\",\"UserName\",\"Site\",\"Container\"\n",
        "\"{id}\",\"PARIS\",\"System.Byte[]\",\"{number}\",\"(2)\",\"2\",\"Warning\",\"a \"\"b\"\",\nc\",\
         \"MSExchangeMTA\",\"System.String[]\",\"{long id}\",\"{us} {am}\",\"{us} {am}\",,,\n",
    ),
    (
        "\"Message\",\"Id\",\"Version\",\"Qualifiers\",\"Level\",\"Task\",\"Opcode\",\"Keywords\",\"RecordId\",\
         \"ProviderName\",\"ProviderId\",\"LogName\",\"ProcessId\",\"ThreadId\",\"MachineName\",\"UserId\",\
         \"TimeCreated\",\"ActivityId\",\"LevelDisplayName\"\n",
        "\"a,\n{noise}\n\nb\",\"{id}\",,\"32768\",\"3\",\"2\",,\"36028797018963968\",\"{number}\",\
         \"MSExchangeMTA\",,\"Application\",,,\"PARIS\",,\"{us} {am}\",,\"Warning\"\n",
    ),
    (
        "sep=;\nTimeCreated;Id;Message\n",
        "{day first} {clock};{id};x\n",
    ),
    // `Format-Table` of the same.
    (
        "\n   ProviderName: MSExchangeMTA\n\nTimeCreated                     Id LevelDisplayName Message\n\
         -----------                     -- ---------------- -------\n",
        "{us-am:23}       {id:>4} Warning          {noise}\n",
    ),
    (
        "\nEventID TimeGenerated         Source        Message\n------- -------------         ------        -------\n",
        "   {id:>4} {us-am:22}MSExchangeMTA a  b...\n",
    ),
    // `wmic ntevent get /format:csv`, and Log Parser.
    (
        "\nNode,ComputerName,EventCode,EventIdentifier,Logfile,Message,RecordNumber,SourceName,TimeGenerated\n",
        "PARIS,PARIS,{id},{long id},Application,a b,{number},MSExchangeMTA,{wmi}\n",
    ),
    (
        "EventLog,RecordNumber,TimeGenerated,TimeWritten,EventID,EventType,SourceName,Strings,ComputerName\n",
        "Application,{number},{iso} {clock},{iso} {clock},{id},2,MSExchangeMTA,a|b,PARIS\n",
    ),
    // Forwarders to a syslog: Snare, Eventlog to Syslog, NTsyslog, RFC 5424.
    (
        "",
        "<13>{syslog} PARIS MSWinEventLog\t1\tApplication\t{number}\t{asctime}\t{id}\tMSExchangeMTA\tN/A\tN/A\t\
         Warning\tPARIS\tX.400 Service\t\tx\t{number}\n",
    ),
    (
        "",
        "<13>{syslog} PARIS MSExchangeMTA: {id}: A text: 289: 2\n",
    ),
    ("", "{syslog} PARIS MSExchangeMTA[warning] {id} A text\n"),
    (
        "",
        "<14>1 {iso}T{clock}Z PARIS MSExchangeMTA 1234 {id} - A text\n",
    ),
    (
        "",
        "<14>1 {iso}T{clock}.000000+00:00 PARIS MSExchangeMTA 1234 - [NXLOG@14506 EventType=\"WARNING\" \
         EventID=\"{id}\"] A text\n",
    ),
    // EV0.LOG.
    (
        "",
        "message NMI{id}: X.400 Service Event, severity 12\n\n          \
         (MTA DISP:FANOUT(1) Proc 26) {text form}\n          x\n\n",
    ),
    // Dates in words.
    ("", "Event ID: {id}\nDate: {german}\n\n"),
    ("", "Event ID: {id}\nDate: {french}\n\n"),
    ("", "Event ID: {id}\nDate: {spanish}\n\n"),
];

/// A day of June 2001 and a time, in a form of [`FORMS`].
fn written(form: &str, number: usize, id: u32, at: DateTime) -> String {
    let weekday = |names: &str| {
        let names: Vec<&str> = names.split(' ').collect();
        let index = at.weekday().to_monday_zero_offset();
        names[usize::try_from(index).expect("below seven")].to_owned()
    };
    let us = at.strftime("%-m/%-d/%Y").to_string();
    let am = at.strftime("%-I:%M:%S %p").to_string();
    let clock = at.strftime("%H:%M:%S").to_string();
    let day = at.day();
    let german = weekday("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag");
    let french = weekday("lundi mardi mercredi jeudi vendredi samedi dimanche");
    let spanish = weekday("lunes martes mi\u{e9}rcoles jueves viernes s\u{e1}bado domingo");
    // The lower 16 bits, below the severity.
    let long = 0x8000_0000 | id;
    let noise = "Event 289 was followed by Event ID 9215 at 3:00, Date: 1/1/1999";
    let words = [
        ("{id}", id.to_string()),
        ("{id:6}", format!("{id:<6}")),
        ("{id:>4}", format!("{id:>4}")),
        ("{long id}", long.to_string()),
        ("{number}", number.to_string()),
        ("{us-am:22}", format!("{us} {am:<22}")[..22].to_owned()),
        ("{us-am:23}", format!("{us} {am:<23}")[..23].to_owned()),
        ("{us}", us),
        ("{am}", am),
        ("{clock}", clock.clone()),
        ("{dotted clock}", clock.replace(':', ".")),
        ("{iso}", at.strftime("%Y-%m-%d").to_string()),
        ("{dots}", at.strftime("%d.%m.%Y").to_string()),
        ("{day first}", at.strftime("%d/%m/%Y").to_string()),
        ("{day first dashes}", at.strftime("%d-%m-%Y").to_string()),
        ("{wmi}", at.strftime("%Y%m%d%H%M%S.000000-000").to_string()),
        ("{syslog}", at.strftime("%b %e %H:%M:%S").to_string()),
        ("{asctime}", at.strftime("%a %b %d %H:%M:%S %Y").to_string()),
        (
            "{text form}",
            at.strftime("%m-%d-%y %I:%M:%S%P").to_string(),
        ),
        (
            "{english}",
            at.strftime("%A, %B %d, %Y %-I:%M:%S %p").to_string(),
        ),
        ("{german}", format!("{german}, {day}. Juni 2001 {clock}")),
        (
            "{french}",
            format!("{french} {day} juin 2001 \u{e0} {clock}"),
        ),
        (
            "{spanish}",
            format!("{spanish}, {day} de junio de 2001 {clock}"),
        ),
        ("{noise}", noise.to_owned()),
    ];
    words.iter().fold(form.to_owned(), |text, (word, with)| {
        text.replace(word, with)
    })
}

/// Calls that were given up, those of them in doubt, and how long the run of the service lasted.
type Run = (Option<(u64, u64)>, Option<Duration>);

/// What a log says of its runs of the service: calls, calls in doubt, how long each lasted, and when the
/// later one began after the earlier one.
#[derive(Debug, PartialEq)]
struct Said {
    runs: Vec<Run>,
    between: Vec<Option<Duration>>,
    counts: Vec<(u32, u64)>,
}

fn said(bytes: &[u8]) -> (Said, Vec<String>) {
    let (mut lines, mut log) = (Lines::new(bytes), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.end_file("f", None);
    log.finish();
    let runs = (0..log.services.len()).map(|run| {
        let given_up = log.given_up(run).map(|it| (it.calls, it.in_doubt));
        (given_up, log.lasted(run))
    });
    let starts: Vec<_> = log.services.iter().map(|it| it.began).collect();
    let between = starts.windows(2).map(|it| Some(it[1]?.since(it[0]?)));
    let said = Said {
        runs: runs.collect(),
        between: between.collect(),
        counts: log.events().map(|(id, it)| (id, it.count)).collect(),
    };
    (said, log.notes)
}

/// The bytes of a text in every encoding and with every line end.
fn in_bytes(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (end, name) in [("\n", "LF"), ("\r\n", "CRLF"), ("\r", "CR")] {
        let text = text.replace('\n', end);
        let wide = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        // Code page 1252 has the apostrophe that Event Viewer uses in French.
        let narrow = text
            .chars()
            .map(|it| if it == '\u{2019}' { 0x92 } else { it as u8 });
        let encodings = [
            ("UTF-8", text.as_bytes().to_vec()),
            ("UTF-8 with a mark", format!("\u{feff}{text}").into_bytes()),
            ("UTF-16", wide.flat_map(u16::to_le_bytes).collect()),
            ("CP1252", narrow.collect()),
        ];
        let named = encodings.map(|(encoding, bytes)| (format!("{encoding}, {name}"), bytes));
        all.extend(named);
    }
    all
}

/// The first history, which ends with a failure; then any.
fn any_history() -> impl Strategy<Value = Vec<(u32, i64)>> {
    let event = (
        prop::sample::select(vec![289, 289, 9156, 9215, 1294, 9405, 9298]),
        prop::sample::select(vec![0, 0, 1, 15, 400, 40_000]),
    );
    prop::collection::vec(event, 1..12)
}

fn check(history: &[(u32, i64)]) -> Result<(), TestCaseError> {
    let mut at = date(2001, 6, 13).at(23, 58, 7, 0);
    let mut events = vec![(9298, at)];
    // The second event is later than the first: otherwise nothing tells which end of a file is the newest.
    for (id, seconds) in std::iter::once(&(9215, 3)).chain(history) {
        at += jiff::Span::new().seconds(*seconds);
        events.push((*id, at));
    }
    let mut wanted: Option<Said> = None;
    for (heading, form) in FORMS {
        let numbered = events.iter().enumerate();
        let mut entries: Vec<String> = numbered
            .map(|(number, (id, at))| written(form, number, *id, *at))
            .collect();
        for order in ["oldest first", "newest first"] {
            let text = format!("{heading}{}", entries.concat());
            for (encoding, bytes) in in_bytes(&text) {
                let (said, notes) = said(&bytes);
                let name = format!("{order}, {encoding}\n{text}");
                match &wanted {
                    Some(wanted) => prop_assert_eq!(&said, wanted, "{}{:?}", name, notes),
                    None => wanted = Some(said),
                }
                let is_right = |it: &String| it.contains("names no source");
                prop_assert!(notes.iter().all(is_right), "{name}{notes:?}");
            }
            entries.reverse();
        }
    }
    Ok(())
}

#[test]
fn a_history_says_the_same_in_every_form_order_and_encoding() {
    let history = [
        (289, 5),
        (289, 100),
        (289, 0),
        (9405, 1),
        (9298, 40_000),
        (289, 30),
        (9156, 4),
        (289, 0),
        (289, 20),
        (289, 0),
        (9405, 0),
    ];
    check(&history).expect("all forms say the same");
    let config = ProptestConfig {
        cases: 3,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(history in any_history())| check(&history)?);
}
