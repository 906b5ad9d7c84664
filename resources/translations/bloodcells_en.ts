<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en_GB" sourcelanguage="en_GB">
<context>
    <name>AgreementWindow</name>
    <message numerus="yes">
        <source>%n case(s)</source>
        <translation>
            <numerusform>%n case</numerusform>
            <numerusform>%n cases</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AnalysisBar</name>
    <message numerus="yes">
        <source>%n cell(s) found</source>
        <translation>
            <numerusform>%n cell found</numerusform>
            <numerusform>%n cells found</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AnalysisControl</name>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>and %n more</numerusform>
            <numerusform>and %n more</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) could not be read and were left out.</source>
        <translation>
            <numerusform>%n file could not be read and was left out.</numerusform>
            <numerusform>%n files could not be read and were left out.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AuditWindow</name>
    <message numerus="yes">
        <source>%n entry(s) were written.</source>
        <translation>
            <numerusform>%n entry was written.</numerusform>
            <numerusform>%n entries were written.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>BannerStack</name>
    <message numerus="yes">
        <source>%n more notice(s)</source>
        <translation>
            <numerusform>%n more notice</numerusform>
            <numerusform>%n more notices</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>CalibrationWindow</name>
    <message numerus="yes">
        <source>&amp;Calibrate from %n reviewed cell(s)</source>
        <translation>
            <numerusform>&amp;Calibrate from %n reviewed cell</numerusform>
            <numerusform>&amp;Calibrate from %n reviewed cells</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>CaseHeader</name>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>CounterPanel</name>
    <message numerus="yes">
        <source>leukocytes of %n</source>
        <translation>
            <numerusform>leukocytes of %n</numerusform>
            <numerusform>leukocytes of %n</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message numerus="yes">
        <source>%n cell(s) are still unidentified: the report will be stamped preliminary.</source>
        <translation>
            <numerusform>%n cell is still unidentified: the report will be stamped preliminary.</numerusform>
            <numerusform>%n cells are still unidentified: the report will be stamped preliminary.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FoundImages</name>
    <message numerus="yes">
        <source>The images lie in %n places. Are they of one patient?</source>
        <translation>
            <numerusform>The images lie in %n place. Are they of one patient?</numerusform>
            <numerusform>The images lie in %n places. Are they of one patient?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GalleryModel</name>
    <message numerus="yes">
        <source>%n cell(s)</source>
        <translation>
            <numerusform>%n cell</numerusform>
            <numerusform>%n cells</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GalleryPanel</name>
    <message numerus="yes">
        <source>%n cell(s)</source>
        <translation>
            <numerusform>%n cell</numerusform>
            <numerusform>%n cells</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n selected</source>
        <translation>
            <numerusform>%n selected</numerusform>
            <numerusform>%n selected</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Incoming</name>
    <message numerus="yes">
        <source>%n file(s) beside the folders belong to no specimen and are not analysed.</source>
        <translation>
            <numerusform>%n file beside the folders belongs to no specimen and is not analysed.</numerusform>
            <numerusform>%n files beside the folders belong to no specimen and are not analysed.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LibraryWindow</name>
    <message numerus="yes">
        <source>%n cell(s)</source>
        <translation>
            <numerusform>%n cell</numerusform>
            <numerusform>%n cells</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>and %n more</numerusform>
            <numerusform>and %n more</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NoteDialog</name>
    <message numerus="yes">
        <source>What is worth knowing about %n cell(s)</source>
        <translation>
            <numerusform>What is worth knowing about this cell (%n)</numerusform>
            <numerusform>What is worth knowing about these %n cells</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NotesModel</name>
    <message numerus="yes">
        <source> · %n cell(s)</source>
        <translation>
            <numerusform> · %n cell</numerusform>
            <numerusform> · %n cells</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Opener</name>
    <message numerus="yes">
        <source>One folder or file is opened at a time: %n other(s) were not.</source>
        <translation>
            <numerusform>One folder or file is opened at a time: %n other was not.</numerusform>
            <numerusform>One folder or file is opened at a time: %n others were not.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PlacesModel</name>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ReasonDialog</name>
    <message numerus="yes">
        <source>A person decided on %n of these cells before.</source>
        <translation>
            <numerusform>A person decided on %n of these cells before.</numerusform>
            <numerusform>A person decided on %n of these cells before.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Reporter</name>
    <message numerus="yes">
        <source>The report was written: %n file(s).</source>
        <translation>
            <numerusform>The report was written: %n file.</numerusform>
            <numerusform>The report was written: %n files.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RetentionWindow</name>
    <message numerus="yes">
        <source>No case is past its time of %n day(s).</source>
        <translation>
            <numerusform>No case is past its time of %n day.</numerusform>
            <numerusform>No case is past its time of %n days.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Nobody worked on these cases for %n day(s).</source>
        <translation>
            <numerusform>Nobody worked on these cases for %n day.</numerusform>
            <numerusform>Nobody worked on these cases for %n days.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n signed case(s) may go too: the signed reports are lost.</source>
        <translation>
            <numerusform>%n signed case may go too: the signed report is lost.</numerusform>
            <numerusform>%n signed cases may go too: the signed reports are lost.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n case(s) for good</source>
        <translation>
            <numerusform>Remove %n case for good</numerusform>
            <numerusform>Remove %n cases for good</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n case(s) were removed.</source>
        <translation>
            <numerusform>%n case was removed.</numerusform>
            <numerusform>%n cases were removed.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SecondReaderWindow</name>
    <message numerus="yes">
        <source>%n difference(s) to settle.</source>
        <translation>
            <numerusform>%n difference to settle.</numerusform>
            <numerusform>%n differences to settle.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message numerus="yes">
        <source>%n setting(s) cannot be used.</source>
        <translation>
            <numerusform>%n setting cannot be used.</numerusform>
            <numerusform>%n settings cannot be used.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ToolWindows</name>
    <message numerus="yes">
        <source>%n cell(s) were added to the library.</source>
        <translation>
            <numerusform>%n cell was added to the library.</numerusform>
            <numerusform>%n cells were added to the library.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n case(s) are past the time that they are kept.</source>
        <translation>
            <numerusform>%n case is past the time that it is kept.</numerusform>
            <numerusform>%n cases are past the time that they are kept.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WorklistModel</name>
    <message numerus="yes">
        <source>%n unidentified</source>
        <translation>
            <numerusform>%n unidentified</numerusform>
            <numerusform>%n unidentified</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WorklistWindow</name>
    <message numerus="yes">
        <source>%n case(s)</source>
        <translation>
            <numerusform>%n case</numerusform>
            <numerusform>%n cases</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n case(s) were transferred and compared byte by byte.</source>
        <translation>
            <numerusform>%n case was transferred and compared byte by byte.</numerusform>
            <numerusform>%n cases were transferred and compared byte by byte.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n case(s) stand in the table.</source>
        <translation>
            <numerusform>%n case stands in the table.</numerusform>
            <numerusform>%n cases stand in the table.</numerusform>
        </translation>
    </message>
</context>
</TS>
