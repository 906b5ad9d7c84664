; Inno Setup 6.3 or later. After packaging\build.py:  iscc packaging\windows\bloodcells.iss
; The version is that of the built program, which build.py took from bloodcells_gui\__init__.py.
#define Version GetStringFileInfo(AddBackslash(SourcePath) + "..\..\dist\bloodcells\bloodcells.exe", "ProductVersion")

[Setup]
AppId={{7C8E6A0D-52C6-4E53-9B0F-0F3D5C1B9A41}
AppName=Bloodcells
AppVersion={#Version}
AppPublisher=The bloodcells_gui maintainers
VersionInfoVersion={#Version}
DefaultDirName={autopf}\Bloodcells
DefaultGroupName=Bloodcells
; A laboratory's user without administrator rights installs for herself; IT installs for all, silently: /ALLUSERS /VERYSILENT
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog commandline
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile=..\..\LICENSE
InfoBeforeFile=..\research_use.txt
SetupIconFile=..\..\build\icons\bloodcells.ico
UninstallDisplayIcon={app}\bloodcells-gui.exe
OutputDir=..\..\dist
OutputBaseFilename=bloodcells-{#Version}-setup
Compression=lzma2/max
SolidCompression=yes
ChangesAssociations=yes
WizardStyle=modern

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "fr"; MessagesFile: "compiler:Languages\French.isl"

[Files]
Source: "..\..\dist\bloodcells\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\Bloodcells"; Filename: "{app}\bloodcells-gui.exe"
Name: "{autodesktop}\Bloodcells"; Filename: "{app}\bloodcells-gui.exe"; Tasks: desktopicon

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "associate"; Description: "{cm:AssocFileExtension,Bloodcells,.bcs}"

[Registry]
Root: HKA; Subkey: "Software\Classes\.bcs"; ValueType: string; ValueData: "Bloodcells.Case"; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\Bloodcells.Case"; ValueType: string; ValueData: "Blood smear case"; Flags: uninsdeletekey; Tasks: associate
Root: HKA; Subkey: "Software\Classes\Bloodcells.Case\DefaultIcon"; ValueType: string; ValueData: "{app}\bloodcells-gui.exe,0"; Tasks: associate
Root: HKA; Subkey: "Software\Classes\Bloodcells.Case\shell\open\command"; ValueType: string; ValueData: """{app}\bloodcells-gui.exe"" ""%1"""; Tasks: associate

[Run]
Filename: "{app}\bloodcells.exe"; Parameters: "self-test"; StatusMsg: "Checking that every part works on this machine..."; Flags: runhidden
Filename: "{app}\bloodcells-gui.exe"; Description: "{cm:LaunchProgram,Bloodcells}"; Flags: nowait postinstall skipifsilent
